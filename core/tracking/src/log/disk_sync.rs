//! The thread of this process that synchronises open logs with the disk.
//!
//! A power failure loses what the operating system has not written to the disk. Waiting for the
//! disk in every logging call would take milliseconds each, so this thread does it once a second.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use super::file::LogFile;

const INTERVAL: Duration = Duration::from_secs(1);

/// The file of a log, and how far it is written and synchronised.
#[derive(Debug)]
pub(super) struct SharedLog {
    pub(super) file: LogFile,
    /// Length of the file in bytes.
    written: AtomicU64,
    /// How much of it the disk is known to have, in bytes.
    on_disk: AtomicU64,
    /// Why the last synchronisation failed, for the next logging call to report.
    failure: Mutex<Option<io::Error>>,
}

impl SharedLog {
    pub(super) fn new(file: LogFile) -> Self {
        Self {
            file,
            written: AtomicU64::new(0),
            on_disk: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn set_written(&self, length: u64) {
        self.written.store(length, Ordering::Release);
    }

    pub(super) fn on_disk(&self) -> u64 {
        self.on_disk.load(Ordering::Acquire)
    }

    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure().take()
    }

    /// Waits until the disk has what is written now.
    pub(super) fn synchronise(&self) -> io::Result<()> {
        let written = self.written.load(Ordering::Acquire);
        self.file.synchronise()?;
        self.on_disk.fetch_max(written, Ordering::AcqRel);
        Ok(())
    }

    fn synchronise_if_changed(&self) {
        if self.on_disk() < self.written.load(Ordering::Acquire)
            && let Err(error) = self.synchronise()
        {
            *self.failure() = Some(error);
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static SCHEDULE: Schedule = Schedule {
    state: Mutex::new(State {
        logs: Vec::new(),
        is_running: false,
    }),
    changed: Condvar::new(),
};

struct Schedule {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    logs: Vec<Weak<SharedLog>>,
    is_running: bool,
}

/// Synchronises the log with the disk once a second until it is dropped.
///
/// If the system does not give a thread, only the end of the run waits for the disk: that is less
/// safe against a power failure, but no reason to fail a run.
pub(super) fn schedule(log: &Arc<SharedLog>) {
    let mut state = SCHEDULE.lock();
    if !state.is_running {
        let thread = thread::Builder::new().name("event log".to_owned());
        state.is_running = thread.spawn(|| SCHEDULE.run()).is_ok();
    }
    if state.is_running {
        state.logs.push(Arc::downgrade(log));
        SCHEDULE.changed.notify_one();
    }
}

impl Schedule {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            for log in self.wait_for_logs() {
                if let Some(log) = log.upgrade() {
                    log.synchronise_if_changed();
                }
            }
            thread::sleep(INTERVAL);
        }
    }

    /// The logs that are open. Waits until there is one.
    fn wait_for_logs(&self) -> Vec<Weak<SharedLog>> {
        let mut state = self.lock();
        loop {
            state.logs.retain(|log| log.strong_count() > 0);
            if !state.logs.is_empty() {
                return state.logs.clone();
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
