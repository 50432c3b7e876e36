//! The thread of a process that brings what was logged to the file, and to the disk.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::{file::LogFile, lines::Lines};

/// How often logs are looked at; a line is in the tail alone for at most twice as long.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Rounds after which what is in the file goes on to the disk.
const ROUNDS_PER_SYNCHRONISATION: usize = 20;

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
    due: Arc<AtomicBool>,
}

/// Looks after a log from now on, until it is dropped. Gives the sign by which whoever appends next is
/// asked to write the tail out: a thread that logs without pause shall not have to wait for this one.
/// None where the system gives no thread.
pub(super) fn keep(file: &Arc<LogFile>, lines: &Arc<Mutex<Lines>>) -> Option<Arc<AtomicBool>> {
    let mut state = KEEPER.state.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.running {
        let thread = thread::Builder::new().name("event log".to_owned());
        state.running = thread.spawn(|| KEEPER.work()).is_ok();
    }
    state.running.then(|| {
        let due = Arc::new(AtomicBool::new(false));
        state.logs.push(Log {
            file: Arc::downgrade(file),
            lines: Arc::downgrade(lines),
            due: Arc::clone(&due),
        });
        KEEPER.changed.notify_one();
        due
    })
}

impl Keeper {
    fn work(&self) {
        for round in 1_usize.. {
            for log in self.open_logs() {
                log.look_after(round.is_multiple_of(ROUNDS_PER_SYNCHRONISATION));
            }
            thread::sleep(LOOK_EVERY);
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
        // Nobody appended anything since the last round.
        let is_quiet = self.due.swap(true, Ordering::Relaxed);
        if !is_quiet && !synchronise {
            return;
        }
        let lock = || lines.lock().unwrap_or_else(PoisonError::into_inner);
        if is_quiet {
            // On a full disk the lines stay in the tail; whoever needs its room is told.
            let _ = lock().flush();
        }
        // Nobody waits for the disk meanwhile.
        let unsynchronised = lock().unsynchronised().filter(|_| synchronise);
        if let Some(length) = unsynchronised {
            let result = file.synchronise();
            lock().synchronised(length, result);
        }
    }
}
