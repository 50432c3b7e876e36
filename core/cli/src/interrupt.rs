//! Ctrl-C, SIGTERM and SIGHUP: the first signal cancels, the second ends the process at once. So does
//! the first one after a while, if the command has not ended by itself: batch systems send only one.

use std::{
    ops::ControlFlow,
    process,
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::Duration,
};

use protea_core::store;

use crate::{output::Reporter, temporary};

/// Shells report a process that a signal ended by 128 plus the signal's number.
const SIGNAL_EXIT_BASE: u8 = 128;

/// How long a cancelled command may take to end by itself. A runner has 750 ms; then the run is
/// recorded, and backends get what is known of it.
const GRACE: Duration = Duration::from_secs(5);

/// The first signal received; 0 if none was.
static FIRST_SIGNAL: AtomicU8 = AtomicU8::new(0);

/// Installs the signal handler. From now on the first signal only makes [`requested`] true, so that
/// the command can clean up; the second ends the process. Commands that never call this end at the
/// first signal, which is the system's default.
pub fn cooperate(reporter: &Reporter) {
    let reporter = reporter.clone();
    system::listen(move |signal| {
        let first = FIRST_SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        if let Err(first) = first {
            end(first);
        }
        // If there is no thread to be had, a second signal still works.
        let _ = thread::Builder::new()
            .name("grace".to_owned())
            .spawn(move || {
                thread::sleep(GRACE);
                end(signal);
            });
        reporter.always("cancelling; press Ctrl-C again to stop at once");
    });
}

/// Ends the process. Workers end with it, as their keepers notice.
fn end(signal: u8) -> ! {
    store::remove_unpublished();
    temporary::remove_all();
    process::exit((SIGNAL_EXIT_BASE + signal).into());
}

/// Whether the user or the system has asked the command to end.
pub fn requested() -> bool {
    FIRST_SIGNAL.load(Ordering::SeqCst) != 0
}

/// The exit code for the signal that was received, if any.
pub fn exit_code() -> Option<u8> {
    match FIRST_SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(SIGNAL_EXIT_BASE + signal),
    }
}

/// For long operations of libraries, which stop when their callback breaks.
pub fn continue_unless_requested() -> ControlFlow<()> {
    if requested() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

#[cfg(unix)]
mod system {
    use std::{sync::mpsc, thread};

    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };

    /// Calls `on_signal` with the number of each signal. If the thread or the handler cannot be
    /// created, the system's default applies: the first signal ends the process.
    pub(super) fn listen(on_signal: impl Fn(u8) + Send + 'static) {
        let (send, handler) = mpsc::channel::<Signals>();
        let thread = thread::Builder::new().name("signals".to_owned());
        let listening = thread.spawn(move || {
            let Ok(mut signals) = handler.recv() else {
                return;
            };
            for signal in signals.forever() {
                on_signal(u8::try_from(signal).unwrap_or(u8::MAX));
            }
        });
        // The handler is installed only after its thread runs: a signal that is caught and then
        // not acted on would make Ctrl-C useless.
        if listening.is_ok()
            && let Ok(signals) = Signals::new([SIGINT, SIGTERM, SIGHUP])
        {
            let _ = send.send(signals);
        }
    }
}

#[cfg(not(unix))]
mod system {
    /// The number of SIGINT, which Ctrl-C sends on Unix.
    const SIGINT: u8 = 2;

    /// Calls `on_signal` at each Ctrl-C. If the handler cannot be installed, the system's default
    /// applies: the first Ctrl-C ends the process.
    pub(super) fn listen(on_signal: impl Fn(u8) + Send + 'static) {
        drop(ctrlc::set_handler(move || on_signal(SIGINT)));
    }
}
