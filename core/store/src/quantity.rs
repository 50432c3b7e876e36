//! Parses times and sizes: a number and a unit.

use std::time::Duration;

/// A time such as `500ms`, `90s`, `1.5m` or `2h`, that is not zero.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(protea_store::quantity::time("1.5m"), Some(Duration::from_secs(90)));
/// assert_eq!(protea_store::quantity::time("90"), None);
/// ```
#[must_use]
pub fn time(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let time = Duration::try_from_secs_f64(quantity(text, &units)?).ok()?;
    (!time.is_zero()).then_some(time)
}

/// Parses a size such as `512MiB` or `1.5GiB`, and returns the bytes.
///
/// ```
/// assert_eq!(protea_store::quantity::size("1.5GiB"), Some(3 << 29));
/// assert_eq!(protea_store::quantity::size("4 GB"), None);
/// ```
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let units = [
        ("KiB", f64::from(1 << 10)),
        ("MiB", f64::from(1 << 20)),
        ("GiB", f64::from(1 << 30)),
        ("B", 1.0),
    ];
    let bytes = quantity(text, &units)?;
    (bytes < 1e18).then_some(bytes as u64)
}

/// A number with one of the units. A unit comes before the units that are its endings.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let number = number.trim();
    // `f64` also parses signs, exponents, `inf` and `NaN`, which are not allowed here.
    let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_plain)?;
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_need_a_unit_and_a_sense() {
        assert_eq!(time("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(time("2 h"), Some(Duration::from_secs(7200)));
        for wrong in ["", "5", "0s", "-1s", "1e3s", "infs", "NaNs", "s", "1.2.3s"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
        assert_eq!(size("4 GiB"), Some(4 << 30));
        assert_eq!(size("0B"), Some(0));
        assert_eq!(size("100B"), Some(100));
        for wrong in [
            "",
            "4",
            "-1B",
            "1e3GiB",
            "99999999999GiB",
            "GiB",
            "many GiB",
            "infB",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }
}
