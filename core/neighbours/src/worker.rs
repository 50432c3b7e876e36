//! The work of one thread in a search.

use crate::{
    bounds::RowScale,
    candidates::Lists,
    exact_distance::ExactDistance,
    kernels::{KeyKernel, SumValue},
    search::{Chunk, Search},
};

/// The scan of one thread over some of the blocks.
pub(super) struct Worker<'w, 's, 'a, K: KeyKernel> {
    search: &'w Search<'s, 'a, K>,
    chunk: &'w Chunk<K>,
    pub(super) lists: Lists,
    /// `[panel][class][lane]`: the lowest key that can still enter a list of a group of the class.
    thresholds: Vec<f32>,
    /// `[tile][line][row][column of the line]`
    packed: Vec<K::Packed>,
    scales: Vec<RowScale>,
    /// `[tile][row][lane]`
    sums: Vec<K::Sum>,
    masks: Vec<u32>,
    scratch: Vec<f32>,
    exact: ExactDistance<'s, 'a>,
}

impl<'w, 's, 'a, K: KeyKernel> Worker<'w, 's, 'a, K> {
    pub(super) fn new(search: &'w Search<'s, 'a, K>, chunk: &'w Chunk<K>) -> Self {
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
            exact: ExactDistance::new(index),
        }
    }

    /// Scores the block of references that starts at member `start`.
    pub(super) fn block(&mut self, start: usize) {
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

    /// Adds a reference to the lists of a query for its groups, unless it is excluded or its key is
    /// too low.
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
            .iter()
            .any(|labels| labels.exclude(global, row))
        {
            return;
        }
        let mask = index.classes[usize::from(class)];
        let mut raised = 0_u8;
        for group in 0..index.groups {
            let list = query * index.groups + group;
            if mask >> group & 1 == 0 || key < self.lists.floor(list) {
                continue;
            }
            let exact = &mut self.exact;
            let squared_norm = self.chunk.squared_norms[query];
            let was_raised = self.lists.push(list, key, row, scale, |row| {
                exact.set_query(queries, global, squared_norm);
                exact.distance(index.member(row))
            });
            raised |= u8::from(was_raised) << group;
        }
        if raised != 0 {
            self.update_thresholds(query, raised);
        }
    }

    /// Updates the thresholds of a query after the floors of the groups in the mask `raised` have
    /// risen.
    fn update_thresholds(&mut self, query: usize, raised: u8) {
        let index = self.search.index;
        for (class, &mask) in index.classes.iter().enumerate() {
            if mask & raised == 0 {
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

fn threshold_at<K: KeyKernel>(query: usize, class: usize, classes: usize) -> usize {
    (query / K::QUERIES * classes + class) * K::QUERIES + query % K::QUERIES
}
