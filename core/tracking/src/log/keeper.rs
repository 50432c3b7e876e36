//! The thread of a process that brings what was logged to the file, and to the disk.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{file::LogFile, lines::Lines};

/// How long a line may be in the tail alone.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// Rounds after which what is in the file goes on to the disk.
const ROUNDS_PER_SYNCHRONISATION: usize = 10;

static KEEPER: Keeper = Keeper {
    state: Mutex::new(State {
        logs: Vec::new(),
        running: false,
    }),
    changed: Condvar::new(),
};

struct Keeper {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    logs: Vec<Log>,
    running: bool,
}

#[derive(Clone)]
struct Log {
    file: Weak<LogFile>,
    lines: Weak<Mutex<Lines>>,
}

/// Looks after a log from now on, until it is dropped. Says whether it does: where the system gives no
/// thread, nobody does.
pub(super) fn keep(file: &Arc<LogFile>, lines: &Arc<Mutex<Lines>>) -> bool {
    let mut state = KEEPER.state.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.running {
        let thread = thread::Builder::new().name("event log".to_owned());
        state.running = thread.spawn(|| KEEPER.work()).is_ok();
    }
    if state.running {
        state.logs.push(Log {
            file: Arc::downgrade(file),
            lines: Arc::downgrade(lines),
        });
        KEEPER.changed.notify_one();
    }
    state.running
}

impl Keeper {
    fn work(&self) {
        for round in 1_usize.. {
            for log in self.open_logs() {
                log.look_after(round.is_multiple_of(ROUNDS_PER_SYNCHRONISATION));
            }
            thread::sleep(WRITE_EVERY);
        }
    }

    /// The logs that are open; waits until there is one.
    fn open_logs(&self) -> Vec<Log> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            state.logs.retain(|log| log.lines.strong_count() > 0);
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

impl Log {
    fn look_after(&self, synchronise: bool) {
        let (Some(file), Some(lines)) = (self.file.upgrade(), self.lines.upgrade()) else {
            return;
        };
        let unsynchronised = {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            // On a full disk the lines stay in the tail; whoever needs its room is told.
            let _ = lines.flush();
            lines.unsynchronised().filter(|_| synchronise)
        };
        // Nobody waits for the disk meanwhile.
        if let Some(length) = unsynchronised {
            let result = file.synchronise();
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.synchronised(length, result);
        }
    }
}
