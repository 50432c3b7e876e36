//! The state of one search that all chunks of queries and all threads share.

use std::sync::atomic::{AtomicBool, AtomicU64};

use rayon::prelude::*;

use crate::{
    bounds::{QueryScale, Scaling},
    candidates::{self, Entry},
    index::{Index, SearchOptions, vector_size},
    kernels::{KeyKernel, PackedValue, TileKernel},
    rows::Matrix,
};

/// Bytes of packed queries in a chunk: a fraction of the last-level cache.
const CHUNK_BYTES: usize = 8 << 20;
/// Bytes of the candidate lists of all threads for a chunk.
const LIST_BYTES: usize = 256 << 20;
/// Bytes of a packed block of references: a fraction of the second-level cache.
const BLOCK_BYTES: usize = 384 << 10;
/// The most rows in a block, so that its sums stay in the first-level cache.
const BLOCK_ROWS: usize = 240;
/// Bytes of a run of columns of a panel: a fraction of the first-level cache.
const RUN_BYTES: usize = 32 << 10;

/// How the work is split. It depends on the sizes only, not on the values.
pub(super) struct Shape {
    /// Number of columns, padded to whole lines.
    pub(super) width: usize,
    /// Number of columns in a run.
    pub(super) run: usize,
    /// Number of rows in a block.
    pub(super) block: usize,
    /// Number of queries in a chunk.
    pub(super) chunk: usize,
}

impl Shape {
    pub(super) fn new<K: KeyKernel>(
        index: &Index<'_>,
        k: usize,
        queries: usize,
        threads: usize,
    ) -> Self {
        let size = size_of::<K::Packed>();
        let width = index.width().next_multiple_of(K::LINE);
        let run = (RUN_BYTES / (K::QUERIES * size)).max(K::LINE) / K::LINE * K::LINE;
        let members = index.members.len();
        let block = (BLOCK_BYTES / (width * size))
            .min(BLOCK_ROWS)
            .min(members.div_ceil(threads * 4))
            .next_multiple_of(K::ROWS)
            .max(K::ROWS);
        let list_bytes = threads
            .saturating_mul(index.groups)
            .saturating_mul(candidates::capacity(k, members))
            .saturating_mul(size_of::<Entry>());
        let chunk = (CHUNK_BYTES / (width * size))
            .min(LIST_BYTES / list_bytes)
            .min(queries)
            .next_multiple_of(K::QUERIES)
            .max(K::QUERIES);
        Self {
            width,
            run: run.min(width),
            block,
            chunk,
        }
    }
}

/// One search: its arguments, and the state that all chunks and threads share.
pub(super) struct Search<'s, 'a, K: KeyKernel> {
    pub(super) kernel: K,
    pub(super) index: &'s Index<'a>,
    pub(super) queries: &'s Matrix<'s>,
    pub(super) options: &'s SearchOptions<'s>,
    pub(super) progress: &'s (dyn Fn(u64, u64) -> bool + Sync),
    pub(super) shape: Shape,
    pub(super) scaling: Scaling,
    pub(super) done: AtomicU64,
    pub(super) stop: AtomicBool,
}

/// Queries packed for the kernel.
pub(super) struct Chunk<K: KeyKernel> {
    pub(super) first: usize,
    pub(super) queries: usize,
    pub(super) panels: Vec<K::Packed>,
    /// One per query; `None` for a query with a value that is not finite, which has no neighbours.
    pub(super) scales: Vec<Option<QueryScale>>,
    pub(super) squared_norms: Vec<f64>,
    /// One per lane; 0 for padding lanes.
    pub(super) offset_factors: Vec<f32>,
}

impl<K: KeyKernel> Search<'_, '_, K> {
    /// Packs the chunk of queries that starts at `first`.
    pub(super) fn pack(&self, first: usize) -> Chunk<K> {
        let queries = self.shape.chunk.min(self.queries.rows() - first);
        let lanes = queries.next_multiple_of(K::QUERIES);
        let panel_size = self.shape.width * K::QUERIES;
        let mut panels = vec![K::Packed::default(); self.shape.width * lanes];
        let described: Vec<Vec<(Option<QueryScale>, f64)>> = panels
            .par_chunks_mut(panel_size)
            .enumerate()
            .map_init(Vec::new, |scratch, (number, panel)| {
                let start = number * K::QUERIES;
                (start..queries.min(start + K::QUERIES))
                    .map(|query| {
                        let values = self.queries.row(first + query).as_f32(scratch);
                        let size = vector_size(self.index.exact, values);
                        if !size.squared.is_finite() {
                            return (None, size.squared);
                        }
                        let scale = self.scaling.query(size);
                        pack_query::<K>(values, scale.scale, query - start, panel);
                        (Some(scale), size.squared)
                    })
                    .collect()
            })
            .collect();
        let (scales, squared_norms): (Vec<_>, Vec<_>) = described.into_iter().flatten().unzip();
        let mut offset_factors = vec![0.0; lanes];
        for (factor, scale) in offset_factors.iter_mut().zip(&scales) {
            *factor = scale.map_or(0.0, |scale| scale.offset_factor);
        }
        Chunk {
            first,
            queries,
            panels,
            scales,
            squared_norms,
            offset_factors,
        }
    }
}

fn pack_query<K: TileKernel>(values: &[f32], scale: f32, lane: usize, panel: &mut [K::Packed]) {
    for (column, value) in values.iter().enumerate() {
        let at = (column / K::PAIR * K::QUERIES + lane) * K::PAIR + column % K::PAIR;
        panel[at] = K::Packed::from_scaled(value * scale);
    }
}
