//! Calls into the embedding application, whose panics must not end the host's side of a call.

/// Calls the application's sink. None if it panicked.
pub(crate) fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).ok()
}
