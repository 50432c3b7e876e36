//! The session's limit on the size of a file (`ulimit -f`). If a write exceeds it, the write must fail
//! with an error that names the file. Without this, a signal ends the command.

use std::sync::{Arc, atomic::AtomicBool};

use rustix::process::Signal;

/// Turns the signal into an error of the write (`EFBIG`). The signal is caught and not ignored,
/// because programs that this one starts inherit what is ignored.
pub fn report_as_error() {
    // Without the handler, the system's default applies.
    let _ = signal_hook::flag::register(Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)));
}
