//! The search that multiplies whole rows as bytes.
//!
//! Where bytes are multiplied much faster than other numbers, this needs less time than anything that
//! excludes references first. With `y` the rounded reference and `x` the rounded query,
//! `q.r = x.y + (q - x).y + q.(r - y)`, so that `x.y` differs from `q.r` by at most
//! `|q - x| |y| + |q| |r - y|` (Cauchy-Schwarz). The norms are those of the actual rounding errors.
//!
//! Each thread takes a batch of queries and scans all references once. For every query it keeps the
//! references whose upper bound reaches the `k`-th best lower bound. At the end it computes the exact
//! distances of the best, and of those others whose upper bounds reach the `k`-th distance.

#[cfg(test)]
mod bounds_test;
mod candidates;
mod plan;
mod queries;
mod references;
mod sampled_floors;
mod worker;

use std::{
    any::Any,
    sync::{Arc, Mutex},
};

pub(super) use plan::pays;
use queries::Batch;
use references::ByteRows;
use worker::Worker;

use crate::{
    batches::{Progress, search_batches},
    error::NeighbourSearchError,
    index::{Index, SearchOptions},
    kernels::{PackedValue, TileKernel},
    neighbours::{Neighbour, Neighbours},
    precision::Precision,
    rows::Matrix,
};

/// Bytes of the queries of a batch, which stay in the second-level cache.
const BATCH_BYTES: usize = 1280 << 10;
/// Bytes of the lists of one batch.
const LIST_BYTES: usize = 64 << 20;
/// Bytes that the rows may take.
const MOST_BYTES: usize = 1 << 30;

/// Whether the rows of the index as bytes fit into memory, and the sums of their products into 32 bits.
pub(super) fn applies<L: TileKernel>(index: &Index<'_>) -> bool {
    let bytes = index.members.len().saturating_mul(index.width());
    let largest = f64::from(L::Packed::LARGEST);
    let sum = index.width() as f64 * largest * (largest + f64::from(L::Packed::SHIFT));
    size_of::<L::Packed>() == 1 && bytes <= MOST_BYTES && sum < f64::from(i32::MAX)
}

/// Finds the neighbours. [`applies`] must be true.
pub(super) fn search<L: TileKernel>(
    kernel: L,
    index: &Index<'_>,
    queries: &Matrix<'_>,
    options: &SearchOptions<'_>,
    progress: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<Neighbours, NeighbourSearchError> {
    let rows = prepared::<L>(index);
    let scaling = index.scaling(Precision::Single).with_run(index.width());
    let total = (index.members.len() as u64).saturating_mul(queries.rows() as u64);
    let progress = Progress::new(progress, total);
    let list_bytes = candidates::capacity(options.k, index.members.len())
        .saturating_mul(size_of::<candidates::Candidate>() + size_of::<Neighbour>())
        .saturating_mul(index.groups);
    let size = queries
        .rows()
        .div_ceil(rayon::current_num_threads())
        .min(BATCH_BYTES / (4 * index.width()))
        .min(LIST_BYTES / list_bytes)
        .next_multiple_of(L::QUERIES)
        .max(L::QUERIES);
    search_batches(
        (queries.rows(), size, index.groups),
        &progress,
        |first, count| {
            let batch = Batch::<L>::new(index, &rows, &scaling, queries, (first, count));
            let mut worker = Worker::new(kernel, index, &rows, &batch, queries, options);
            worker.raise_floors();
            worker.scan(&progress).then(|| worker.finish())
        },
    )
}

/// The rows of the index as bytes: those that an earlier search prepared, or new ones.
fn prepared<L: TileKernel>(index: &Index<'_>) -> Arc<ByteRows<L>> {
    let known = lock(&index.byte_rows).iter().find_map(|rows| {
        let rows: Arc<dyn Any + Send + Sync> = Arc::clone(rows);
        rows.downcast::<ByteRows<L>>().ok()
    });
    known.unwrap_or_else(|| {
        // Built without the lock: a thread that waits for others may start another search.
        let rows = Arc::new(ByteRows::<L>::new(index));
        let mut known = lock(&index.byte_rows);
        if !known.iter().any(|rows| rows.is::<ByteRows<L>>()) {
            known.push(rows.clone());
        }
        rows
    })
}

/// Locks a mutex, even a poisoned one: what it holds is complete at any time.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
