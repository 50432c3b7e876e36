//! The processor time of a thread, as another thread reads it.

use std::{fs, path::PathBuf, time::Duration};

#[cfg(unix)]
use protea_isolation::process_stat::ProcessStat;

/// The length of a clock tick in `/proc/<pid>/stat`.
const TICK: Duration = Duration::from_millis(10);

/// Counts the processor time that a thread has used since [`start`](Self::start).
pub(super) struct ThreadClock {
    /// The directory of the thread in `/proc`.
    directory: PathBuf,
    began: u64,
}

impl ThreadClock {
    /// Starts the clock of the thread that calls this. `None` where the system has no `/proc`.
    pub(super) fn start() -> Option<Self> {
        let thread = fs::read_link("/proc/thread-self").ok()?;
        let directory = PathBuf::from("/proc").join(thread);
        let began = ticks(&directory)?;
        Some(Self { directory, began })
    }

    /// The processor time, to a hundredth of a second. `None` if the thread has ended.
    pub(super) fn used(&self) -> Option<Duration> {
        let ticks = ticks(&self.directory)?.saturating_sub(self.began);
        Some(TICK * u32::try_from(ticks).unwrap_or(u32::MAX))
    }
}

#[cfg(unix)]
fn ticks(directory: &std::path::Path) -> Option<u64> {
    ProcessStat::read(directory).map(|stat| stat.ticks)
}

#[cfg(not(unix))]
fn ticks(_: &std::path::Path) -> Option<u64> {
    None
}
