//! Retries, on two levels with the same timeout (see ADR 13).
//!
//! `object_store` retries *requests* ([`request`]) that a server rejected temporarily (429, 5xx) or
//! that did not reach it. Only there can one part of an upload, one page of a listing or a request
//! for credentials be retried without starting over.
//!
//! [`Retries`] retries *transfers*. It resumes a download at the byte where it stopped, even
//! without ETags and any number of times: its timeout restarts with every new byte, while that of
//! `object_store` starts with the request. It also retries requests that are not idempotent, which
//! `object_store` does not, after checking the result of the first attempt.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use object_store::{BackoffConfig, RetryConfig};

use super::fault::Fault;
use crate::{StoreError, meter::TransferObserver};

/// The first and the longest wait between two attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The retry settings of `object_store`.
pub(super) fn request(timeout: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: BACKOFF.0,
            max_backoff: BACKOFF.1.min(timeout),
            base: 2.0,
        },
        // Only the timeout limits retries.
        max_retries: usize::MAX,
        retry_timeout: timeout,
    }
}

/// The retries of one transfer: the time of the last progress and the next wait.
pub(super) struct Retries {
    observer: Arc<dyn TransferObserver>,
    timeout: Duration,
    last: Mutex<(Instant, Duration)>,
}

impl Retries {
    pub(super) fn new(timeout: Duration, observer: Arc<dyn TransferObserver>) -> Self {
        Self {
            observer,
            timeout,
            last: Mutex::new((Instant::now(), BACKOFF.0)),
        }
    }

    /// Records progress: the store sent or accepted new bytes.
    pub(super) fn progress(&self) {
        *self.last() = (Instant::now(), BACKOFF.0);
    }

    /// Waits before the next attempt. Fails if there was no progress for the whole timeout.
    pub(super) async fn wait(&self, display_uri: &str, reason: String) -> Result<(), StoreError> {
        let wait = {
            let mut last = self.last();
            if last.0.elapsed() >= self.timeout {
                return Err(StoreError::Unreachable {
                    uri: display_uri.to_owned(),
                    timeout: self.timeout,
                    reason,
                });
            }
            let wait = last.1;
            last.1 = (2 * wait).min(BACKOFF.1);
            wait
        };
        self.observer.retrying(display_uri, &reason, wait);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The error after `object_store` has used up its own retries.
    pub(super) fn give_up(&self, fault: Fault, display_uri: String) -> StoreError {
        match fault {
            Fault::Passing(reason) | Fault::Final(reason)
                if self.last().0.elapsed() >= self.timeout =>
            {
                StoreError::Unreachable {
                    uri: display_uri,
                    timeout: self.timeout,
                    reason,
                }
            }
            fault => fault.into_error(display_uri),
        }
    }

    fn last(&self) -> MutexGuard<'_, (Instant, Duration)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
