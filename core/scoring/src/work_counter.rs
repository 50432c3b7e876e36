//! Counts work while it is done.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts units of work while they are done, for another thread to read. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct WorkCounter(Arc<AtomicU64>);

impl WorkCounter {
    /// The number of units so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, units: u64) {
        self.0.fetch_add(units, Ordering::Relaxed);
    }
}
