//! Progress and cancellation of transfers.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::StoreError;

/// The shortest time between two progress reports.
const EVERY: Duration = Duration::from_millis(100);

/// The kind of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferKind {
    /// Bytes are downloaded.
    Download,
    /// Bytes are uploaded.
    Upload,
    /// Bytes are read and hashed.
    Check,
}

/// The progress of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer<'t> {
    /// The kind of the transfer.
    pub kind: TransferKind,
    /// A URI without secrets, or a path.
    pub subject: &'t str,
    /// Bytes done, including those of an earlier attempt.
    pub done: u64,
    /// Bytes in total.
    pub total: u64,
}

/// Receives the progress of transfers and can cancel them. Called from any thread.
pub trait TransferObserver: Send + Sync {
    /// A transfer starts, with 0 bytes done, or has progressed.
    fn transfer(&self, _transfer: &Transfer<'_>) {}

    /// A request failed and is repeated after `wait`.
    fn retrying(&self, _uri: &str, _reason: &str, _wait: Duration) {}

    /// A directory is in the cache already, so nothing is fetched.
    fn cache_used(&self, _uri: &str) {}

    /// Whether the transfer should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Ignores all progress.
pub(super) struct Silent;

impl TransferObserver for Silent {}

/// Counts the bytes of one transfer of one or several files.
pub(super) struct Meter<'m> {
    observer: &'m dyn TransferObserver,
    kind: TransferKind,
    subject: &'m str,
    total: u64,
    state: Mutex<(u64, Option<Instant>)>,
}

impl<'m> Meter<'m> {
    pub(super) fn begin(
        observer: &'m dyn TransferObserver,
        kind: TransferKind,
        subject: &'m str,
        total: u64,
    ) -> Self {
        let meter = Self {
            observer,
            kind,
            subject,
            total,
            state: Mutex::new((0, None)),
        };
        meter.tell(0);
        meter
    }

    /// Adds bytes that are done.
    pub(super) fn add(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(bytes);
        let now = Instant::now();
        if state.1.is_some_and(|last| now - last < EVERY) && state.0 < self.total {
            return;
        }
        state.1 = Some(now);
        let done = state.0;
        drop(state);
        self.tell(done);
    }

    /// Subtracts bytes that must be transferred again.
    pub(super) fn take_back(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_sub(bytes);
    }

    /// Fails if the user cancelled.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_cancelled() {
            Err(StoreError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Tells the observer that nothing is fetched.
    pub(super) fn cache_used(&self) {
        self.observer.cache_used(self.subject);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }

    fn tell(&self, done: u64) {
        self.observer.transfer(&Transfer {
            kind: self.kind,
            subject: self.subject,
            done: done.min(self.total),
            total: self.total,
        });
    }
}
