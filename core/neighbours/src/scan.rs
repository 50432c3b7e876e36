//! The loops of a search: chunks of queries, blocks of references, panels, runs of columns, tiles.
//!
//! A chunk of queries is packed once. The threads of the pool then take blocks of references from
//! a common counter; each packs its block, small enough for its second-level cache, and scores it
//! against every panel of the chunk, one run of columns at a time so that the panel's part stays
//! in the first-level cache. Keys at or above their list's floor enter lists of the thread's own;
//! at the end of the chunk the lists are merged by exact distance.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;

use super::bounds::{QueryScale, RowScale, Scaling};
use super::candidates::{self, Entry, Lists};
use super::index::{Index, SearchOptions, vector_size};
use super::judge::Judge;
use super::kernels::{PackedValue, SumValue, TileKernel};
use super::rows::Matrix;
use super::{Neighbour, Neighbours, SearchError};

/// Bytes of packed queries in a chunk: a share of the last-level cache.
const CHUNK_BYTES: usize = 8 << 20;
/// Bytes of all threads' lists for a chunk.
const LIST_BYTES: usize = 256 << 20;
/// Bytes of a packed block of references: a share of the second-level cache.
const BLOCK_BYTES: usize = 384 << 10;
/// Most rows in a block, so that its sums stay in the first-level cache.
const BLOCK_ROWS: usize = 240;
/// Bytes of a panel's run of columns, a share of the first-level cache.
const RUN_BYTES: usize = 32 << 10;

/// How the work is cut; it does not depend on the data.
struct Shape {
    /// Columns, padded to whole lines.
    width: usize,
    /// Columns in a run.
    run: usize,
    /// Rows in a block.
    block: usize,
    /// Queries in a chunk.
    chunk: usize,
}

impl Shape {
    fn new<K: TileKernel>(index: &Index<'_>, k: usize, queries: usize, threads: usize) -> Self {
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

/// Everything one search shares between chunks and threads.
struct Search<'s, 'a, K: TileKernel> {
    kernel: K,
    index: &'s Index<'a>,
    queries: &'s Matrix<'s>,
    options: &'s SearchOptions<'s>,
    progress: &'s (dyn Fn(u64, u64) -> bool + Sync),
    shape: Shape,
    scaling: Scaling,
    done: AtomicU64,
    stop: AtomicBool,
}

/// Queries packed for the kernel.
struct Chunk<K: TileKernel> {
    first: usize,
    queries: usize,
    panels: Vec<K::Packed>,
    /// Per query; `None` for one without neighbours.
    scales: Vec<Option<QueryScale>>,
    squared_norms: Vec<f64>,
    /// Per lane.
    offset_factors: Vec<f32>,
}

pub(super) fn search<K: TileKernel>(
    kernel: K,
    index: &Index<'_>,
    queries: &Matrix<'_>,
    options: &SearchOptions<'_>,
    progress: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<Neighbours, SearchError> {
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

impl<K: TileKernel> Search<'_, '_, K> {
    fn pack(&self, first: usize) -> Chunk<K> {
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

    /// Scores every reference against the chunk; the lists of every thread that took part.
    fn scan(&self, chunk: &Chunk<K>) -> Result<Vec<Lists>, SearchError> {
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
            return Err(SearchError::Cancelled);
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

    /// The lists of the chunk's queries, query after query, group after group.
    fn merge(&self, chunk: &Chunk<K>, workers: &[Lists]) -> Vec<Vec<Neighbour>> {
        let groups = self.index.groups;
        (0..chunk.queries)
            .into_par_iter()
            .map_init(
                || (Judge::new(self.index), Vec::new(), Vec::new()),
                |(judge, scratch, rows), query| {
                    rows.clear();
                    let Some(scale) = &chunk.scales[query] else {
                        return vec![Vec::new(); groups];
                    };
                    for group in 0..groups {
                        let list = query * groups + group;
                        candidates::survivors(workers, list, scale, scratch, rows);
                    }
                    rows.sort_unstable();
                    rows.dedup();
                    judge.take(
                        self.queries,
                        chunk.first + query,
                        chunk.squared_norms[query],
                    );
                    let mut judged: Vec<(Neighbour, u8)> = Vec::with_capacity(rows.len());
                    for (at, &row) in rows.iter().enumerate() {
                        if let Some(&next) = rows.get(at + 1) {
                            self.index.references.prefetch(next as usize);
                        }
                        let member = self.index.member(row);
                        let distance = judge.distance(member);
                        judged.push((Neighbour { distance, row }, self.index.mask(member)));
                    }
                    (0..groups)
                        .map(|group| {
                            let mut list: Vec<Neighbour> = judged
                                .iter()
                                .filter(|(_, mask)| mask >> group & 1 == 1)
                                .map(|(neighbour, _)| *neighbour)
                                .collect();
                            list.sort_unstable_by(Neighbour::order);
                            list.truncate(self.options.k);
                            list
                        })
                        .collect()
                },
            )
            .flatten_iter()
            .collect()
    }
}

/// One thread's scan over some of the blocks.
struct Worker<'w, 's, 'a, K: TileKernel> {
    search: &'w Search<'s, 'a, K>,
    chunk: &'w Chunk<K>,
    lists: Lists,
    /// `[panel][class][lane]`: the least key of interest to any group of the class.
    thresholds: Vec<f32>,
    /// `[tile][line][row][column of the line]`
    packed: Vec<K::Packed>,
    scales: Vec<RowScale>,
    /// `[tile][row][lane]`
    sums: Vec<K::Sum>,
    masks: Vec<u32>,
    scratch: Vec<f32>,
    judge: Judge<'s, 'a>,
}

impl<'w, 's, 'a, K: TileKernel> Worker<'w, 's, 'a, K> {
    fn new(search: &'w Search<'s, 'a, K>, chunk: &'w Chunk<K>) -> Self {
        let index = search.index;
        let classes = index.classes.len();
        let lanes = chunk.offset_factors.len();
        let mut thresholds = vec![f32::INFINITY; lanes * classes];
        for (query, scale) in chunk.scales.iter().enumerate() {
            if scale.is_some() {
                for class in 0..classes {
                    thresholds[threshold_at::<K>(query, class, classes)] = f32::NEG_INFINITY;
                }
            }
        }
        let shape = &search.shape;
        Self {
            search,
            chunk,
            lists: Lists::new(
                search.options.k,
                index.members.len(),
                chunk.queries * index.groups,
            ),
            thresholds,
            packed: vec![K::Packed::default(); shape.block * shape.width],
            scales: Vec::with_capacity(shape.block),
            sums: vec![K::Sum::default(); shape.block * K::QUERIES],
            masks: Vec::new(),
            scratch: Vec::new(),
            judge: Judge::new(index),
        }
    }

    fn block(&mut self, start: usize) {
        let rows = self
            .search
            .shape
            .block
            .min(self.search.index.members.len() - start);
        self.pack(start, rows);
        for panel in 0..self.chunk.offset_factors.len() / K::QUERIES {
            self.multiply(panel, rows.div_ceil(K::ROWS));
            self.filter(panel, start);
        }
    }

    fn pack(&mut self, start: usize, rows: usize) {
        let Search {
            kernel,
            index,
            shape,
            scaling,
            ..
        } = self.search;
        self.scales.clear();
        let tile_size = shape.width * K::ROWS;
        for row in 0..rows {
            let scale = scaling.row(index.sizes[start + row], index.class(start + row));
            self.scales.push(scale);
            let values = index.references.row(index.members[start + row] as usize);
            let at = row / K::ROWS * tile_size + row % K::ROWS * K::LINE;
            let end = (row / K::ROWS + 1) * tile_size;
            kernel.pack_row(
                values.as_f32(&mut self.scratch),
                scale.scale,
                &mut self.packed[at..end],
            );
        }
    }

    fn multiply(&mut self, panel: usize, tiles: usize) {
        let shape = &self.search.shape;
        let panel =
            &self.chunk.panels[panel * shape.width * K::QUERIES..][..shape.width * K::QUERIES];
        let mut column = 0;
        while column < shape.width {
            let run = shape.run.min(shape.width - column);
            let queries = &panel[column * K::QUERIES..][..run * K::QUERIES];
            for tile in 0..tiles {
                let packed =
                    &self.packed[(tile * shape.width + column) * K::ROWS..][..run * K::ROWS];
                let sums = &mut self.sums[tile * K::ROWS * K::QUERIES..][..K::ROWS * K::QUERIES];
                self.search
                    .kernel
                    .multiply(queries, packed, run / K::LINE, sums, column > 0);
            }
            column += run;
        }
    }

    fn filter(&mut self, panel: usize, start: usize) {
        let classes = self.search.index.classes.len();
        let lane = panel * K::QUERIES;
        let factors = &self.chunk.offset_factors[lane..][..K::QUERIES];
        let thresholds = &self.thresholds[lane * classes..][..K::QUERIES * classes];
        let mut masks = std::mem::take(&mut self.masks);
        self.search
            .kernel
            .filter(&self.sums, &self.scales, factors, thresholds, &mut masks);
        for (row, &(mut mask)) in masks.iter().enumerate() {
            while mask != 0 {
                let query = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                let scale = self.scales[row];
                let sum = self.sums[row * K::QUERIES + query].to_f32();
                let key = sum * scale.factor + scale.offset * factors[query];
                self.consider(lane + query, start + row, scale.class, key);
            }
        }
        self.masks = masks;
    }

    /// Puts a reference into the lists of a query that it may belong to.
    #[inline(never)]
    fn consider(&mut self, query: usize, member: usize, class: u8, key: f32) {
        let Search {
            index,
            options,
            queries,
            ..
        } = self.search;
        let Some(scale) = &self.chunk.scales[query] else {
            return;
        };
        let row = index.members[member];
        let global = self.chunk.first + query;
        if options
            .exclude
            .is_some_and(|exclude| exclude[global] == Some(row))
        {
            return;
        }
        if options
            .labels
            .is_some_and(|labels| labels.part(global, row))
        {
            return;
        }
        let mask = index.classes[usize::from(class)];
        let mut risen = 0_u8;
        for group in 0..index.groups {
            let list = query * index.groups + group;
            if mask >> group & 1 == 0 || key < self.lists.floor(list) {
                continue;
            }
            let judge = &mut self.judge;
            let squared_norm = self.chunk.squared_norms[query];
            let rose = self.lists.push(list, key, row, scale, |row| {
                judge.take(queries, global, squared_norm);
                judge.distance(index.member(row))
            });
            risen |= u8::from(rose) << group;
        }
        if risen != 0 {
            self.raise(query, risen);
        }
    }

    /// Renews the thresholds of a query after the floors of some groups have risen.
    fn raise(&mut self, query: usize, risen: u8) {
        let index = self.search.index;
        for (class, &mask) in index.classes.iter().enumerate() {
            if mask & risen == 0 {
                continue;
            }
            let least = (0..index.groups)
                .filter(|group| mask >> group & 1 == 1)
                .map(|group| self.lists.floor(query * index.groups + group))
                .fold(f32::INFINITY, f32::min);
            self.thresholds[threshold_at::<K>(query, class, index.classes.len())] = least;
        }
    }
}

fn threshold_at<K: TileKernel>(query: usize, class: usize, classes: usize) -> usize {
    (query / K::QUERIES * classes + class) * K::QUERIES + query % K::QUERIES
}

fn pack_query<K: TileKernel>(values: &[f32], scale: f32, lane: usize, panel: &mut [K::Packed]) {
    for (column, value) in values.iter().enumerate() {
        let at = (column / K::PAIR * K::QUERIES + lane) * K::PAIR + column % K::PAIR;
        panel[at] = K::Packed::from_scaled(value * scale);
    }
}

/// A panicking thread ends the search anyway; its lists are not used.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
