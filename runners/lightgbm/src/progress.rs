//! How far a piece of work has come, for who waits.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use protea_contracts::prelude::*;

/// No two reports come sooner after each other.
const PAUSE: Duration = Duration::from_millis(500);

/// Counts what is done, from any thread, and tells it.
pub(crate) struct Progress<'e> {
    emit: &'e Emitter,
    total: usize,
    /// What is done, and when it was told last. What goes out never falls.
    done: Mutex<(usize, Instant)>,
}

impl<'e> Progress<'e> {
    /// Work of so many pieces.
    pub(crate) fn of(emit: &'e Emitter, total: usize) -> Self {
        Self {
            emit,
            total,
            done: Mutex::new((0, Instant::now())),
        }
    }

    /// So many more are done.
    pub(crate) fn advance(&self, by: usize) -> Result<(), RunnerError> {
        self.tell(|done| done + by);
        self.emit.check()
    }

    /// So many are done in all.
    pub(crate) fn reach(&self, done: usize) {
        self.tell(|_| done);
    }

    fn tell(&self, change: impl FnOnce(usize) -> usize) {
        let mut state = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, told) = &mut *state;
        let before = *done;
        *done = change(before).clamp(before, self.total);
        if *done > before && (*done == self.total || told.elapsed() >= PAUSE) {
            *told = Instant::now();
            self.emit.progress(*done as u64, self.total as u64);
        }
    }
}
