//! Divides the queries of a search into batches, which the threads of the pool take in turn.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use crate::{
    error::NeighbourSearchError,
    neighbours::{Neighbour, Neighbours},
};

/// Progress of a search, and whether it was cancelled.
pub(super) struct Progress<'p> {
    report: &'p (dyn Fn(u64, u64) -> bool + Sync),
    done: AtomicU64,
    total: u64,
    stop: AtomicBool,
}

impl<'p> Progress<'p> {
    pub(super) fn new(report: &'p (dyn Fn(u64, u64) -> bool + Sync), total: u64) -> Self {
        Self {
            report,
            done: AtomicU64::new(0),
            total,
            stop: AtomicBool::new(false),
        }
    }

    /// Reports pairs as done. False stops the search.
    pub(super) fn add(&self, pairs: u64) -> bool {
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        if !(self.report)(done, self.total) {
            self.stop.store(true, Ordering::Relaxed);
        }
        !self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Calls `search` with the first query of each batch and the number of its queries, and puts the lists
/// that it returns together. `search` returns `None` if the search was stopped.
pub(super) fn search_batches(
    (queries, size, groups): (usize, usize, usize),
    progress: &Progress<'_>,
    search: impl Fn(usize, usize) -> Option<Vec<Vec<Neighbour>>> + Sync,
) -> Result<Neighbours, NeighbourSearchError> {
    let next = AtomicUsize::new(0);
    let finished = Mutex::new(Vec::new());
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| {
                loop {
                    let first = next.fetch_add(size, Ordering::Relaxed);
                    if first >= queries || progress.is_stopped() {
                        break;
                    }
                    let Some(lists) = search(first, size.min(queries - first)) else {
                        break;
                    };
                    let mut finished = finished
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    finished.push((first, lists));
                }
            });
        }
    });
    if progress.is_stopped() {
        return Err(NeighbourSearchError::Cancelled);
    }
    let mut finished = finished
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    finished.sort_unstable_by_key(|(first, _)| *first);
    let mut found = Neighbours::with_capacity(groups, queries);
    for list in finished.iter().flat_map(|(_, lists)| lists) {
        found.push(list);
    }
    Ok(found)
}
