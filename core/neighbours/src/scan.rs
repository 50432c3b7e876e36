//! The loops of a search: chunks of queries, blocks of references, panels, runs of columns, tiles.
//!
//! The search packs each chunk of queries once. The threads of the pool then take blocks of
//! references from a shared counter. Each thread packs its block, which fits into the second-level
//! cache, and scores it against every panel of the chunk, one run of columns at a time, so that
//! this part of the panel stays in the first-level cache. Keys at or above the floor of their list
//! enter lists that belong to the thread. At the end of the chunk, the search merges the lists by
//! exact distance.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use rayon::prelude::*;

use crate::{
    candidates::{Lists, final_lists},
    error::NeighbourSearchError,
    exact_distance::ExactDistance,
    index::{Index, SearchOptions},
    kernels::KeyKernel,
    neighbours::{Neighbour, Neighbours},
    rows::Matrix,
    search::{Chunk, Search, Shape},
    worker::Worker,
};

pub(super) fn search<K: KeyKernel>(
    kernel: K,
    index: &Index<'_>,
    queries: &Matrix<'_>,
    options: &SearchOptions<'_>,
    progress: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<Neighbours, NeighbourSearchError> {
    let shape = Shape::new::<K>(
        index,
        options.k,
        queries.rows(),
        rayon::current_num_threads(),
    );
    let scaling = index.scaling(K::PRECISION).with_run(shape.run);
    let search = Search {
        kernel,
        index,
        queries,
        options,
        progress,
        shape,
        scaling,
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let mut found = Neighbours::with_capacity(index.groups, queries.rows());
    let mut first = 0;
    while first < queries.rows() {
        let chunk = search.pack(first);
        let workers = search.scan(&chunk)?;
        for list in search.merge(&chunk, &workers) {
            found.push(&list);
        }
        first += chunk.queries;
    }
    Ok(found)
}

impl<K: KeyKernel> Search<'_, '_, K> {
    /// Scores every reference against the chunk. Returns the lists of every thread that scored a
    /// block.
    fn scan(&self, chunk: &Chunk<K>) -> Result<Vec<Lists>, NeighbourSearchError> {
        let next = AtomicUsize::new(0);
        let finished = Mutex::new(Vec::new());
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| {
                    let mut worker = None;
                    loop {
                        let start = next.fetch_add(self.shape.block, Ordering::Relaxed);
                        if start >= self.index.members.len() || self.stop.load(Ordering::Relaxed) {
                            break;
                        }
                        worker
                            .get_or_insert_with(|| Worker::new(self, chunk))
                            .block(start);
                        self.report(start, chunk);
                    }
                    if let Some(worker) = worker {
                        lock(&finished).push(worker.lists);
                    }
                });
            }
        });
        if self.stop.load(Ordering::Relaxed) {
            return Err(NeighbourSearchError::Cancelled);
        }
        Ok(finished
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    fn report(&self, start: usize, chunk: &Chunk<K>) {
        let members = self.index.members.len();
        let rows = self.shape.block.min(members - start);
        let pairs = (rows as u64).saturating_mul(chunk.queries as u64);
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        let total = (members as u64).saturating_mul(self.queries.rows() as u64);
        if !(self.progress)(done, total) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The final lists of the queries of the chunk: query by query, and for each query group by
    /// group.
    fn merge(&self, chunk: &Chunk<K>, workers: &[Lists]) -> Vec<Vec<Neighbour>> {
        let groups = self.index.groups;
        (0..chunk.queries)
            .into_par_iter()
            .map_init(
                || (ExactDistance::new(self.index), Vec::new(), Vec::new()),
                |(exact, scratch, rows), query| {
                    let Some(scale) = &chunk.scales[query] else {
                        return vec![Vec::new(); groups];
                    };
                    exact.set_query(
                        self.queries,
                        chunk.first + query,
                        chunk.squared_norms[query],
                    );
                    let scratch = (scratch, rows);
                    let k = self.options.k;
                    final_lists(self.index, k, workers, query, scale, exact, scratch)
                },
            )
            .flatten_iter()
            .collect()
    }
}

/// Locks a mutex, even a poisoned one: if a thread panics, the scope panics too and the lists are
/// not used.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
