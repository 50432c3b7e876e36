//! Ends a wait when the user asks for it.

use std::time::Duration;

use crate::StoreError;

/// How often it is looked whether the user asked for the end.
const LOOK: Duration = Duration::from_millis(50);

async fn asked_to_end(is_asked: impl Fn() -> bool) {
    while !is_asked() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for `work`, until the user asks for the end.
pub(super) async fn unless_cancelled<T, E: From<StoreError>>(
    is_cancelled: impl Fn() -> bool,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = work => result,
        () = asked_to_end(is_cancelled) => Err(StoreError::Cancelled.into()),
    }
}
