//! Stops waiting when the user cancels.

use std::time::Duration;

use crate::StoreError;

/// How often cancellation is checked.
const LOOK: Duration = Duration::from_millis(50);

async fn asked_to_end(is_asked: impl Fn() -> bool) {
    while !is_asked() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for `work` until the user cancels.
pub(super) async fn unless_cancelled<T, E: From<StoreError>>(
    is_cancelled: impl Fn() -> bool,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = work => result,
        () = asked_to_end(is_cancelled) => Err(StoreError::Cancelled.into()),
    }
}
