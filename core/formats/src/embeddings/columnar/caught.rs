//! Catches panics of the `parquet` crate without printing them.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// The result of `call`; `None` if it panicked. Such a panic prints nothing. Panics of other threads,
/// and on this thread outside of `call`, are printed as before.
pub(in super::super) fn catch<T>(call: impl FnOnce() -> T) -> Option<T> {
    install_hook();
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(outer);
    result.ok()
}

/// The hook is installed once and for the whole process: replacing it for each call would race with
/// other threads.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                previous(info);
            }
        }));
    });
}
