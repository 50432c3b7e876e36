//! How far a transfer has come, and whether anybody still wants it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::StoreError;

/// Nobody is told more often.
const EVERY: Duration = Duration::from_millis(100);

/// What is done with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferKind {
    /// They are fetched.
    Download,
    /// They are sent.
    Upload,
    /// They are read to be hashed.
    Check,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'t> {
    /// What is done.
    pub kind: TransferKind,
    /// Of what: a URI as it may be shown, or a path.
    pub what: &'t str,
    /// How many bytes are done, those of an earlier time included.
    pub done: u64,
    /// How many there are in all.
    pub total: u64,
}

/// Is told how far transfers have come, and may ask for their end. Called from any thread.
pub trait TransferObserver: Send + Sync {
    /// A transfer begins, with nothing done, or has come further.
    fn transfer(&self, _transfer: &Transfer<'_>) {}

    /// Whether the transfer should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Nobody.
pub(super) struct Silent;

impl TransferObserver for Silent {}

/// Counts the bytes of one transfer, of one file or many.
pub(super) struct Meter<'m> {
    observer: &'m dyn TransferObserver,
    kind: TransferKind,
    what: &'m str,
    total: u64,
    state: Mutex<(u64, Option<Instant>)>,
}

impl<'m> Meter<'m> {
    pub(super) fn begin(
        observer: &'m dyn TransferObserver,
        kind: TransferKind,
        what: &'m str,
        total: u64,
    ) -> Self {
        let meter = Self {
            observer,
            kind,
            what,
            total,
            state: Mutex::new((0, None)),
        };
        meter.tell(0);
        meter
    }

    /// So many bytes more are done.
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

    /// So many bytes must be done again.
    pub(super) fn take_back(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_sub(bytes);
    }

    /// Fails when the user asked for the end.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_cancelled() {
            Err(StoreError::Cancelled)
        } else {
            Ok(())
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }

    fn tell(&self, done: u64) {
        self.observer.transfer(&Transfer {
            kind: self.kind,
            what: self.what,
            done: done.min(self.total),
            total: self.total,
        });
    }
}
