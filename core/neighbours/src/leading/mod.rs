//! The search by leading directions: most references are excluded by a bound from a few numbers.
//!
//! Embeddings vary much more in some directions than in others. The search projects every vector on
//! the leading directions of the references. The product of two projections and the norms of what
//! they leave out give an upper bound of the key ([`coordinates`]). A reference whose bound is below
//! the floor of a query cannot be one of its neighbours, so its row is not read. The directions
//! decide only how many references are excluded, never which neighbours are found.
//!
//! Each thread takes a batch of queries and scans the leading coordinates of all references twice.
//! The first pass finds references with large leading products. Their distances give floors that
//! are nearly final. The second pass computes the exact distances of those references whose bounds reach
//! the floors.

mod basis;
mod bytes;
mod coordinates;
mod first_floors;
mod levels;
mod nearest;
mod plan;
mod product;
mod queries;
mod query_bound;
mod references;
mod row_key;
mod saved;
mod seeds;
mod shared;
#[cfg(test)]
mod third_level_test;
mod thresholds;
mod worker;

use std::{
    any::Any,
    sync::{Arc, Mutex},
};

pub(super) use bytes::{key_offset, round_reference};
pub(super) use nearest::Nearest;
pub(super) use plan::Rates;
pub(super) use query_bound::QueryBound;

use basis::{leading_directions, mix};
use plan::{Directions, Task};
use queries::Batch;
use references::Leading;
use shared::Shared;
use worker::Worker;

use crate::{
    batches::{Progress, search_batches},
    error::NeighbourSearchError,
    index::{Index, SearchOptions},
    kernels::{BoundRow, ByteProduct, Kernel, KeyKernel, RowProduct, TileKernel},
    neighbours::{Neighbours, SearchMethod},
    precision::Precision,
    rows::Matrix,
};

/// The most queries in a batch.
const BATCH: usize = 256;
/// Bytes of the lists of one batch.
const LIST_BYTES: usize = 64 << 20;
/// The most leading directions.
pub(super) const MOST_DIRECTIONS: usize = 256;
/// The largest width for which the bounds are useful and their error terms finite.
pub(super) const MOST_COLUMNS: usize = 1 << 16;

/// The most bytes that a search prepares for a reference of this width.
pub(super) fn most_bytes_of_row(width: usize) -> usize {
    let first = MOST_DIRECTIONS * size_of::<f32>();
    let second = MOST_DIRECTIONS * size_of::<i16>();
    first + second + width.min(bytes::MOST_BYTES) + 3 * size_of::<BoundRow>()
}

/// Finds the neighbours with `directions` leading directions. `None` if the references have none.
pub(super) fn search<K: KeyKernel, L: TileKernel>(
    (kernel, bounds): (K, L),
    index: &Index<'_>,
    queries: &Matrix<'_>,
    options: &SearchOptions<'_>,
    progress: &(dyn Fn(u64, u64) -> bool + Sync),
    (kernel_name, directions): (Kernel, Option<usize>),
) -> Option<Result<Neighbours, NeighbourSearchError>> {
    let task = Task {
        index,
        queries,
        k: options.k,
        kernel: kernel_name,
    };
    let leading = prepared::<K, L>(kernel, &task, directions)?;
    let width = index.width();
    let scaling = index.scaling(Precision::Single).with_run(width);
    let total = (index.members.len() as u64).saturating_mul(queries.rows() as u64);
    let progress = Progress::new(progress, total);
    let report = |pairs| progress.add(pairs);
    let shared = Shared {
        kernel: bounds,
        leading: &leading,
        tables: leading.tables(),
        index,
        queries,
        options,
        product: RowProduct::detect(),
        byte_product: ByteProduct::detect(),
        group_sizes: index.group_sizes(),
        report: &report,
    };
    let threads = rayon::current_num_threads();
    let list_bytes = seeds::list_bytes(index, options.k);
    let size = queries
        .rows()
        .div_ceil(threads)
        .min(BATCH)
        .min(LIST_BYTES / list_bytes)
        .next_multiple_of(L::QUERIES)
        .max(L::QUERIES);
    let sizes = (queries.rows(), size, index.groups);
    let found = search_batches(sizes, &progress, |first, count| {
        let batch = Batch::new(kernel, index, &leading, &scaling, queries, first, count);
        let mut worker = Worker::new(&shared, &batch);
        worker.run().then(|| worker.nearest.into_lists().collect())
    });
    let method = SearchMethod {
        kernel: kernel_name,
        directions: Some(leading.first),
        bytes: false,
    };
    Some(found.map(|found| found.with_method(method)))
}

/// The leading block of the index for these kernels: the one that an earlier search prepared, or a
/// new one. `None` if it is cheaper to multiply every row.
fn prepared<K: KeyKernel, L: TileKernel>(
    kernel: K,
    task: &Task<'_, '_>,
    directions: Option<usize>,
) -> Option<Arc<Leading<K, L>>> {
    let index = task.index;
    let known = lock(&index.prepared).iter().find_map(|(known, block)| {
        let block: Arc<dyn Any + Send + Sync> = Arc::clone(block);
        let block = block.downcast::<Leading<K, L>>().ok()?;
        (*known == directions).then_some(block)
    });
    if known.is_some() {
        return known;
    }
    let width = index.width();
    let (levels, mut basis, is_new) = match directions {
        Some(first) => {
            let levels = Directions::new(first);
            (levels, leading_directions(kernel, index, levels.all), false)
        }
        None if task.is_promising() => {
            let (basis, is_new) = saved::directions(kernel, task);
            (task.levels(kernel, &basis)?, basis, is_new)
        }
        None => return None,
    };
    let new_directions = (is_new && index.cache.is_some()).then(|| basis.clone());
    basis.truncate(levels.all * width);
    mix(&mut basis, width, levels.first);
    let built = saved::leading(task, levels, &basis, new_directions.as_deref(), || {
        Leading::new(kernel, index, levels.first, &basis)
    })?;
    let built = Arc::new(built);
    let block: Arc<dyn Any + Send + Sync> = built.clone();
    // Built without the lock: a thread that waits for others may start another search.
    let mut prepared = lock(&index.prepared);
    // One block for each kernel is enough.
    prepared.retain(|(_, block)| !block.is::<Leading<K, L>>());
    prepared.push((directions, block));
    Some(built)
}

/// Locks a mutex, even a poisoned one: if a thread panics, the scope panics too.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
