//! Formats numbers for people.

/// A metric with three decimals; very small and very large values in other notations.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (0.001..1000.0).contains(&magnitude) {
        format!("{value:.3}")
    } else if (1000.0..1e9).contains(&magnitude) {
        format!("{value:.1}")
    } else {
        format!("{value:.3e}")
    }
}

/// The difference of two metrics, with a sign and as many decimals as [`number`] gives metrics.
pub fn difference(value: f64) -> String {
    if value.abs() < 1e9 {
        format!("{value:+.3}")
    } else {
        format!("{value:+.3e}")
    }
}

/// The bounds of an interval.
pub fn range(low: f64, high: f64) -> String {
    format!("{} – {}", number(low), number(high))
}

/// A fraction in per cent without trailing zeros, such as 95 or 99.9.
pub fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A count with thousands separators.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its unit, such as `1 file` or `1,024 files`.
pub fn plural(value: u64, unit: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {unit}{ending}", count(value))
}

/// A size in bytes with a decimal unit.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut value = size as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_decimals_unless_they_are_extreme() {
        let cases = [
            (0.0, "0.000"),
            (0.55678, "0.557"),
            (12.5, "12.500"),
            (1234.56, "1234.6"),
            (0.00012, "1.200e-4"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn differences_have_a_sign_and_three_decimals() {
        for (value, text) in [(-9.375e-4, "-0.001"), (0.25, "+0.250"), (0.0, "+0.000")] {
            assert_eq!(difference(value), text);
        }
    }

    #[test]
    fn percentages_have_no_trailing_zeros() {
        for (share, text) in [(0.95, "95"), (0.999, "99.9"), (0.5, "50"), (0.1, "10")] {
            assert_eq!(percent(share), text);
        }
        assert_eq!(range(0.25, 0.5), "0.250 – 0.500");
    }

    #[test]
    fn counts_and_sizes_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(486_000), "486,000");
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(1024, "file"), "1,024 files");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(4_210_000), "4.2 MB");
    }
}
