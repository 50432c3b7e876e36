//! Sizes in messages.

/// A size as people read it: `512 MiB`, `1.5 GiB`, `100 bytes`. Rounded to one decimal.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let unit = UNITS.iter().enumerate().rev().find_map(|(place, unit)| {
        let whole = 1_u64 << (10 * (place + 1));
        (bytes >= whole).then_some((whole, unit))
    });
    match unit {
        Some((whole, unit)) if bytes.is_multiple_of(whole) => format!("{} {unit}", bytes / whole),
        Some((whole, unit)) => format!("{:.1} {unit}", bytes as f64 / whole as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        let cases = [
            (100, "100 bytes"),
            (1 << 10, "1 KiB"),
            (512 << 20, "512 MiB"),
            (3 << 29, "1.5 GiB"),
            (2 << 40, "2 TiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }
}
