//! Panics of a runner, caught with their message and place.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, Location, catch_unwind},
    sync::{Mutex, Once, PoisonError},
};

use serde::{Deserialize, Serialize};

/// A panic of a runner, as the host receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[error("the runner panicked at {location}: {message}")]
pub struct Panic {
    /// The panic's message.
    pub message: String,
    /// File, line and column in the runner's source, or `an unknown place`.
    pub location: String,
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The place of the last panic on a thread that runs no call, such as one of a thread pool. A pool
/// re-raises the panic on the caller's thread, where its place is no longer known.
static LAST_ELSEWHERE: Mutex<Option<String>> = Mutex::new(None);

/// Calls `call`; a panic in it becomes a [`Panic`] and prints nothing. Without `unwinds` nothing can
/// be caught, so the panic prints its message before it aborts.
pub(super) fn catch<T>(unwinds: bool, call: impl FnOnce() -> T) -> Result<T, Panic> {
    install_hook(unwinds);
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(outer);
    result.map_err(|payload| {
        let message = text_of(&*payload);
        // The payload is a value of the runner, so dropping it may panic as well.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        Panic {
            message,
            location: LAST
                .take()
                .or_else(|| elsewhere().take())
                .unwrap_or_else(|| "an unknown place".to_owned()),
        }
    })
}

/// Every shared library has its own copy of the standard library, and so its own panic hook.
fn install_hook(unwinds: bool) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() && unwinds {
                LAST.set(info.location().map(Location::to_string));
            } else {
                *elsewhere() = info.location().map(Location::to_string);
                previous(info);
            }
        }));
    });
}

fn elsewhere() -> std::sync::MutexGuard<'static, Option<String>> {
    LAST_ELSEWHERE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
