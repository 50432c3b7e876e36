//! Ctrl-C and SIGTERM: the first asks, the second ends.

use std::{
    process,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{exit::Exit, output::Reporter};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From here on the first Ctrl-C, or SIGTERM, only sets what [`requested`] answers; the second ends
/// the process at once. Commands that do not call this end at the first, as the system has it.
pub fn cooperate(reporter: &Reporter) {
    let reporter = reporter.clone();
    let installed = ctrlc::set_handler(move || {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            process::exit(Exit::Cancelled as i32);
        }
        reporter.always("cancelling; press Ctrl-C again to stop at once");
    });
    // Without a handler the first Ctrl-C ends the process, which is less, but not wrong.
    drop(installed);
}

/// Whether the user asked for the end.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
