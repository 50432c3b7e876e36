//! How long things take on this machine now: beside others, a second's work takes longer.

use std::{fs, thread};

/// No machine is taken to be slower than so many times itself.
const MOST: f64 = 8.0;

/// How many times longer than alone a process takes that wants one processor: 1 where there is one for
/// everybody who wants one. Also 1 where the system does not tell.
#[must_use]
pub fn slowness() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    slowness_of(&load, processors)
}

/// From `/proc/loadavg`: how many wanted a processor during the last minute, and how many do now.
fn slowness_of(load: &str, processors: usize) -> f64 {
    let mut fields = load.split_ascii_whitespace();
    let lately = fields.next().and_then(|field| field.parse::<f64>().ok());
    let now = fields.nth(2).and_then(|field| field.split_once('/'));
    let now = now.and_then(|(running, _)| running.parse::<f64>().ok());
    let wanted = lately.unwrap_or_default().max(now.unwrap_or_default());
    (wanted / processors as f64).clamp(1.0, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_slower_by_those_who_want_its_processors() {
        for (load, processors, expected) in [
            ("0.10 0.20 0.30 1/200 4711\n", 2, 1.0),
            ("3.00 0.20 0.30 1/200 4711\n", 2, 1.5),
            ("0.10 0.20 0.30 9/200 4711\n", 2, 4.5),
            ("99.0 0.20 0.30 9/200 4711\n", 2, MOST),
            ("", 2, 1.0),
            ("none", 2, 1.0),
        ] {
            assert_eq!(slowness_of(load, processors), expected, "{load:?}");
        }
    }
}
