//! Ctrl-C, SIGTERM and SIGHUP: the first asks, the second ends.

use std::{
    process,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::{exit::Exit, output::Reporter};

/// The first signal that came; 0: none.
static SIGNAL: AtomicU8 = AtomicU8::new(0);

/// From here on the first signal only sets what [`requested`] answers; the second ends the process at
/// once. Commands that do not call this end at the first, as the system has it.
pub fn cooperate(reporter: &Reporter) {
    let reporter = reporter.clone();
    system::listen(move |signal| {
        let first = SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        if first.is_err() {
            process::exit(Exit::Cancelled.code().into());
        }
        reporter.always("cancelling; press Ctrl-C again to stop at once");
    });
}

/// Whether the user, or the system, asked for the end.
pub fn requested() -> bool {
    signal().is_some()
}

/// The number of the signal that asked for the end.
pub fn signal() -> Option<u8> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(signal),
    }
}

#[cfg(unix)]
mod system {
    use std::{sync::mpsc, thread};

    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };

    /// Calls `told` with the number of each signal. Without a thread or a handler the first one ends the
    /// process, which is less, but not wrong.
    pub(super) fn listen(told: impl Fn(u8) + Send + 'static) {
        let (send, handler) = mpsc::channel::<Signals>();
        let thread = thread::Builder::new().name("signals".to_owned());
        let listening = thread.spawn(move || {
            let Ok(mut signals) = handler.recv() else {
                return;
            };
            for signal in signals.forever() {
                told(u8::try_from(signal).unwrap_or(u8::MAX));
            }
        });
        if listening.is_ok()
            && let Ok(signals) = Signals::new([SIGINT, SIGTERM, SIGHUP])
        {
            // The thread waits for it.
            let _ = send.send(signals);
        }
    }
}

#[cfg(not(unix))]
mod system {
    /// SIGINT, by which Ctrl-C is known elsewhere.
    const CTRL_C: u8 = 2;

    /// Calls `told` at each Ctrl-C. Without a handler the first one ends the process, which is less,
    /// but not wrong.
    pub(super) fn listen(told: impl Fn(u8) + Send + 'static) {
        drop(ctrlc::set_handler(move || told(CTRL_C)));
    }
}
