//! Progress reports of work that several threads share.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use protea_contracts::prelude::*;

/// The shortest time between two reports.
const INTERVAL: Duration = Duration::from_millis(500);

/// Counts finished items, from any thread, and reports the count.
pub(crate) struct Progress<'e> {
    emit: &'e Emitter,
    total: usize,
    /// The finished items, and the time of the last report. The count never falls.
    state: Mutex<(usize, Instant)>,
}

impl<'e> Progress<'e> {
    /// For work of `total` items.
    pub(crate) fn new(emit: &'e Emitter, total: usize) -> Self {
        Self {
            emit,
            total,
            state: Mutex::new((0, Instant::now())),
        }
    }

    /// Reports `by` more finished items.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`] when the host cancels the call.
    pub(crate) fn advance(&self, by: usize) -> Result<(), RunnerError> {
        self.update(|done| done + by);
        self.emit.check()
    }

    /// Reports that `done` items are finished in all.
    pub(crate) fn reach(&self, done: usize) {
        self.update(|_| done);
    }

    fn update(&self, change: impl FnOnce(usize) -> usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, reported) = &mut *state;
        let before = *done;
        *done = change(before).clamp(before, self.total);
        if *done > before && (*done == self.total || reported.elapsed() >= INTERVAL) {
            *reported = Instant::now();
            self.emit.progress(*done as u64, self.total as u64);
        }
    }
}
