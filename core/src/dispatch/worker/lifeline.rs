//! The worker's tie to its host, and what happens when it is cut.

use std::{thread, time::Duration};

use rustix::process::{Pid, Signal, getpgrp, getpid, getppid, kill_process, kill_process_group};

use super::stragglers;

/// By this signal the host knows a worker whose runner cut it off.
pub(super) const CUT_OFF: Signal = Signal::USR2;

/// A dying host closes its files a moment before it is gone.
const MOMENT: Duration = Duration::from_millis(20);

/// What a worker keeps in mind to find out whether its host is still there.
#[derive(Debug, Clone)]
pub(super) struct Lifeline {
    host: Option<Pid>,
    id: Option<String>,
}

impl Lifeline {
    /// That of this process, before any code of a runner has run.
    pub(super) fn here() -> Self {
        Self {
            host: getppid(),
            id: std::env::var(stragglers::VARIABLE).ok(),
        }
    }

    /// Nothing can be said to the host any more: either it is gone, or the runner has closed the
    /// connection. Ends this process, and where the host cannot, all that came of it.
    pub(super) fn is_cut(&self) -> ! {
        thread::sleep(MOMENT);
        if getppid() == self.host {
            // The host sees to the rest.
            let _ = kill_process(getpid(), CUT_OFF);
        }
        self.end_everything()
    }

    /// Ends this process and all that came of it, at once.
    pub(super) fn end_everything(&self) -> ! {
        if let Some(id) = &self.id {
            stragglers::kill(id);
        }
        // The worker leads its group; whatever the runner has started is in it too.
        let _ = kill_process_group(getpgrp(), Signal::KILL);
        std::process::abort()
    }
}
