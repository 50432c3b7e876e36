//! When something is tried again, on two levels, both limited by one timeout.
//!
//! The store crate repeats *requests* ([`request`]): one that a server refused for now (429, 5xx), or
//! that did not reach it. Only there can a single part of a large upload, a page of a listing, or the
//! fetching of credentials be repeated without beginning anew.
//!
//! [`Retries`] repeat *transfers*. They go on with a download at the byte where it broke off, also at
//! servers without entity tags, after any time and as often as it takes: their timeout counts from the
//! last new byte, where the crate's counts from the beginning of the request. They repeat what is not
//! idempotent, and was therefore not repeated by the crate, once it is known what became of it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use object_store::{BackoffConfig, RetryConfig};

use super::fault::Fault;
use crate::StoreError;

/// The first and the longest wait between two tries.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How the store crate repeats a request.
pub(super) fn request(timeout: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: BACKOFF.0,
            max_backoff: BACKOFF.1.min(timeout),
            base: 2.0,
        },
        // Time alone decides.
        max_retries: usize::MAX,
        retry_timeout: timeout,
    }
}

/// The tries of one transfer, and how long ago the last progress was.
pub(super) struct Retries {
    timeout: Duration,
    last: Mutex<(Instant, Duration)>,
}

impl Retries {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            last: Mutex::new((Instant::now(), BACKOFF.0)),
        }
    }

    /// The store gave something new, or took it.
    pub(super) fn progress(&self) {
        *self.last() = (Instant::now(), BACKOFF.0);
    }

    /// Waits for the next try. Fails if there was no progress for the timeout.
    pub(super) async fn wait(&self, shown: &str, reason: String) -> Result<(), StoreError> {
        let wait = {
            let mut last = self.last();
            if last.0.elapsed() >= self.timeout {
                return Err(StoreError::Unreachable {
                    uri: shown.to_owned(),
                    timeout: self.timeout,
                    reason,
                });
            }
            let wait = last.1;
            last.1 = (2 * wait).min(BACKOFF.1);
            wait
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// An error that came after all tries of the store crate itself.
    pub(super) fn give_up(&self, fault: Fault, shown: String) -> StoreError {
        match fault {
            Fault::Passing(reason) | Fault::Final(reason)
                if self.last().0.elapsed() >= self.timeout =>
            {
                StoreError::Unreachable {
                    uri: shown,
                    timeout: self.timeout,
                    reason,
                }
            }
            fault => fault.into_error(shown),
        }
    }

    fn last(&self) -> MutexGuard<'_, (Instant, Duration)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
