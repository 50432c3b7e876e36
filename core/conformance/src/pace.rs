//! How much the load of this machine slows a process down.

use std::{fs, thread};

/// The largest factor that is assumed.
const MOST: f64 = 8.0;

/// How many times longer a process takes than on an idle machine: 1 if every process that is ready to
/// run has a processor, and if the system does not report the load.
#[must_use]
pub fn slowness() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    slowness_of(&load, processors)
}

/// Takes the larger of the mean load of the last minute and the processes that are ready to run now,
/// both from `/proc/loadavg`.
fn slowness_of(load: &str, processors: usize) -> f64 {
    let mut fields = load.split_ascii_whitespace();
    let lately = fields.next().and_then(|field| field.parse::<f64>().ok());
    let now = fields.nth(2).and_then(|field| field.split_once('/'));
    let now = now.and_then(|(running, _)| running.parse::<f64>().ok());
    let ready = lately.unwrap_or_default().max(now.unwrap_or_default());
    (ready / processors as f64).clamp(1.0, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowness_is_the_load_per_processor() {
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
