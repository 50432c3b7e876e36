//! The most memory that several processes of a call used together.
//!
//! The kernel keeps the peak of each process, but not of several. If a runner has started others,
//! the host samples what they use together. Memory that several processes share counts once, in
//! parts (PSS).

use std::{
    cell::Cell,
    fs,
    time::{Duration, Instant},
};

use rustix::process::Pid;

use super::process_tree;

/// The shortest time between two samples.
const PAUSE: Duration = Duration::from_millis(500);
/// A sample takes at most this part of the time: the system visits every page of the processes.
const SHARE: u32 = 500;

/// Samples the memory of a call.
#[derive(Debug)]
pub(super) struct TreePeak {
    next: Cell<Instant>,
    peak: Cell<u64>,
}

impl TreePeak {
    pub(super) fn new() -> Self {
        Self {
            next: Cell::new(Instant::now() + PAUSE / 5),
            peak: Cell::new(0),
        }
    }

    /// Takes a sample of the descendants of `keeper` if it is time for one. `stop` ends it.
    pub(super) fn sample(&self, keeper: Pid, stop: &dyn Fn() -> bool) {
        let began = Instant::now();
        if began < self.next.get() {
            return;
        }
        let processes = process_tree::descendants(keeper, stop);
        // The kernel itself keeps the peak of a single process.
        if processes.len() > 1 {
            let mut sum = 0_u64;
            for &pid in &processes {
                if stop() {
                    break;
                }
                sum = sum.saturating_add(resident(pid).unwrap_or(0));
            }
            self.peak.set(self.peak.get().max(sum));
        }
        let ended = Instant::now();
        self.next
            .set(ended + PAUSE.max((ended - began).saturating_mul(SHARE)));
    }

    /// The highest sample in bytes; 0 if there never were several processes.
    pub(super) fn highest(&self) -> u64 {
        self.peak.get()
    }
}

/// The resident memory of a process in bytes, shared memory in parts. `None` if it is gone, or the
/// system does not say.
fn resident(pid: Pid) -> Option<u64> {
    let path = format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero());
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn several_processes_are_added_up() {
        let this = rustix::process::getpid();
        let alone = resident(this);
        assert!(alone.is_none_or(|bytes| bytes > 100_000), "{alone:?}");
        let mut children: Vec<_> = (0..2)
            .map(|_| Command::new("sleep").arg("60").spawn().unwrap())
            .collect();
        let peak = TreePeak::new();
        peak.next.set(Instant::now());
        peak.sample(this, &|| false);
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // Not every kernel has the file.
        assert!(alone.is_none() || peak.highest() > 0);
        assert!(peak.next.get() > Instant::now());
    }
}
