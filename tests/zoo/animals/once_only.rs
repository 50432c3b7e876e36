//! Can be called once in a process, and not again.

use std::sync::atomic::{AtomicBool, Ordering};

use protea_contracts::RunnerError;
use protea_zoo::animal;

static USED: AtomicBool = AtomicBool::new(false);

animal! {
    "once-only",
    "fits once in a process",
    fit |_, _| match USED.swap(true, Ordering::SeqCst) {
        true => Err(RunnerError::failed("the library is initialised already")),
        false => Ok(()),
    }
}
