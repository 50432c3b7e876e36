//! The scan of one batch of queries over all references, by one thread.

use super::{
    candidates::{Candidate, Candidates},
    queries::Batch,
    references::ByteRows,
};
use crate::{
    aligned::Aligned,
    batches::Progress,
    index::{Index, SearchOptions},
    kernels::{BoundLanes, SumValue, TileKernel},
    leading::Nearest,
    neighbours::Neighbour,
    rows::Matrix,
};

/// Rows that are requested before they are needed.
const AHEAD: usize = 4;
/// Pairs between two reports.
const REPORTED: u64 = 1 << 21;

pub(super) struct Worker<'w, 'a, L: TileKernel> {
    pub(super) kernel: L,
    pub(super) index: &'w Index<'a>,
    pub(super) rows: &'w ByteRows<L>,
    pub(super) batch: &'w Batch<L>,
    queries: &'w Matrix<'w>,
    pub(super) options: &'w SearchOptions<'w>,
    pub(super) candidates: Candidates,
    nearest: Nearest,
    /// `[panel][class][lane]`: what the upper bounds must reach.
    pub(super) thresholds: Vec<f32>,
    scratch: [Vec<f32>; 2],
}

impl<'w, 'a, L: TileKernel> Worker<'w, 'a, L> {
    pub(super) fn new(
        kernel: L,
        index: &'w Index<'a>,
        rows: &'w ByteRows<L>,
        batch: &'w Batch<L>,
        queries: &'w Matrix<'w>,
        options: &'w SearchOptions<'w>,
    ) -> Self {
        let lists = batch.queries * index.groups;
        let mut worker = Self {
            kernel,
            index,
            rows,
            batch,
            queries,
            options,
            candidates: Candidates::new(options.k, index.members.len(), lists),
            nearest: Nearest::new(options.k, lists),
            // Nothing reaches those of queries without neighbours and of padding.
            thresholds: vec![f32::INFINITY; batch.tails.len() * index.classes.len()],
            scratch: Default::default(),
        };
        for query in (0..batch.queries).filter(|&query| batch.scales[query].is_some()) {
            worker.update_thresholds(query);
        }
        worker
    }

    /// Fills the lists of candidates. Returns false if the search was stopped.
    pub(super) fn scan(&mut self, progress: &Progress<'_>) -> bool {
        let members = self.index.members.len();
        let tile_size = self.rows.width * L::ROWS;
        let mut sums = Aligned::<L::Sum>::new(L::ROWS * L::QUERIES);
        let mut masks = vec![0; L::ROWS];
        let mut pairs = 0;
        let mut tiles = self.rows.tiles.chunks_exact(tile_size).enumerate();
        let mut next = tiles.next();
        while next.is_some() {
            // The session must not outlive the call of `progress`, which is foreign code.
            let session = self.kernel.session();
            while let Some((number, tile)) = next
                && pairs < REPORTED
            {
                self.tile(number, tile, &mut sums, &mut masks);
                let valid = L::ROWS.min(members - number * L::ROWS);
                pairs += (valid * self.batch.queries) as u64;
                next = tiles.next();
            }
            drop(session);
            if !progress.add(std::mem::take(&mut pairs)) {
                return false;
            }
        }
        true
    }

    /// Multiplies one tile with all panels.
    fn tile(&mut self, number: usize, tile: &[L::Packed], sums: &mut [L::Sum], masks: &mut [u32]) {
        let batch = self.batch;
        let width = self.rows.width;
        let classes = self.index.classes.len();
        let start = number * L::ROWS;
        let rows = &self.rows.rows[start..][..L::ROWS];
        let valid = L::ROWS.min(self.index.members.len() - start);
        let panels = batch.panels.chunks_exact(width * L::QUERIES);
        for (panel, queries) in panels.enumerate() {
            let lane = panel * L::QUERIES;
            let lanes = BoundLanes {
                starts: &batch.starts[lane..][..L::QUERIES],
                tails: &batch.tails[lane..][..L::QUERIES],
                offsets: &batch.offsets[lane..][..L::QUERIES],
                thresholds: &self.thresholds[lane * classes..][..L::QUERIES * classes],
            };
            let lines = width / L::LINE;
            self.kernel
                .reach(queries, tile, lines, rows, &lanes, sums, masks);
            for (row, &mask) in masks.iter().enumerate().take(valid) {
                let mut mask = mask;
                while mask != 0 {
                    let query = mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    let sum = sums[row * L::QUERIES + query].to_f32();
                    self.consider(lane + query, start + row, sum);
                }
            }
        }
    }

    /// Adds a reference to the lists of its groups if its upper bound reaches their floors.
    fn consider(&mut self, query: usize, member: usize, sum: f32) {
        if self.is_excluded(query, member) {
            return;
        }
        let (row, bound) = (&self.rows.rows[member], &self.batch.bounds[query]);
        let key = sum * row.factor + row.offset * bound.offset;
        let tail = row.tail * bound.tail;
        let candidate = Candidate {
            upper: key + tail,
            lower: key - tail,
            member: member as u32,
        };
        let mask = self.index.mask(member);
        let mut full = false;
        for group in 0..self.index.groups {
            let list = query * self.index.groups + group;
            if mask >> group & 1 == 0 || candidate.upper < self.candidates.floor(list) {
                continue;
            }
            if self.candidates.push(list, candidate) {
                self.reduce(query, list);
                full = true;
            }
        }
        if full {
            self.update_thresholds(query);
        }
    }

    fn is_excluded(&self, query: usize, member: usize) -> bool {
        let row = self.index.members[member];
        let global = self.batch.first + query;
        let same = |exclude: &[Option<u32>]| exclude[global] == Some(row);
        let mut labels = self.options.labels.iter();
        self.options.exclude.is_some_and(same) || labels.any(|labels| labels.exclude(global, row))
    }

    /// Makes room in a full list.
    #[inline(never)]
    fn reduce(&mut self, query: usize, list: usize) {
        let Some(scale) = &self.batch.scales[query] else {
            return;
        };
        let bound = &self.batch.bounds[query];
        if self.candidates.reduce(list, bound, scale.error()) {
            return;
        }
        // The distances of the best give a floor that excludes more of the others. With near ties or
        // duplicates, too many remain still, and all are measured.
        self.measure_and_remove(list, self.options.k);
        if !self.candidates.retain(list) {
            self.measure_and_remove(list, usize::MAX);
        }
    }

    /// Computes the exact distances of the best candidates of a list, and removes them from it.
    fn measure_and_remove(&mut self, list: usize, most: usize) {
        let best = self.candidates.take_best(list, most).into_iter();
        let mut pairs: Vec<u64> = best.map(|member| pair(member, list)).collect();
        self.measure_all(&mut pairs);
        self.candidates.raise(list, self.floor_of_nearest(list));
    }

    pub(super) fn update_thresholds(&mut self, query: usize) {
        let groups = self.index.groups;
        let classes = self.index.classes.len();
        for (class, &mask) in self.index.classes.iter().enumerate() {
            let least = (0..groups)
                .filter(|group| mask >> group & 1 == 1)
                .map(|group| self.candidates.floor(query * groups + group))
                .fold(f32::INFINITY, f32::min);
            let row = query / L::QUERIES * classes + class;
            self.thresholds[row * L::QUERIES + query % L::QUERIES] = least;
        }
    }

    /// The final lists, one per query and group.
    pub(super) fn finish(mut self) -> Vec<Vec<Neighbour>> {
        let lists = self.batch.queries * self.index.groups;
        let k = self.options.k;
        // First the best of every list, so that the floors are nearly final.
        let mut pairs = Vec::with_capacity(lists * k.min(self.index.members.len()));
        for list in 0..lists {
            let best = self.candidates.best_first(list);
            pairs.extend(best.iter().map(|candidate| pair(candidate.member, list)));
        }
        self.measure_all(&mut pairs);
        pairs.clear();
        for list in 0..lists {
            let floor = self.floor_of_nearest(list);
            let others = self.candidates.after_best(list).iter();
            let reached = others.filter(|candidate| candidate.upper >= floor);
            pairs.extend(reached.map(|candidate| pair(candidate.member, list)));
        }
        self.measure_all(&mut pairs);
        self.nearest.into_lists().collect()
    }

    fn floor_of_nearest(&self, list: usize) -> f32 {
        self.batch.bounds[list / self.index.groups].threshold(self.nearest.floor(list))
    }

    /// Computes the exact distances of pairs, in the order of the members, so that every row is read
    /// once.
    fn measure_all(&mut self, pairs: &mut [u64]) {
        pairs.sort_unstable();
        let groups = self.index.groups;
        let parts = |pair: u64| ((pair >> 32) as usize, pair as u32 as usize / groups);
        // A member of several groups is in several lists of a query, which are next to each other.
        let end = |start: usize| {
            let rest = &pairs[start..];
            let same = |&&pair: &&u64| parts(pair) == parts(rest[0]);
            start + rest.iter().take_while(same).count()
        };
        let mut start = 0;
        while start < pairs.len() {
            let middle = end(start);
            let (member, query) = parts(pairs[start]);
            let (distances, end) = match pairs.get(middle) {
                None => ([self.distance(query, member); 2], middle),
                Some(&other) => {
                    let (other_member, other_query) = parts(other);
                    let members = [member, other_member];
                    let distances = self.two_distances([query, other_query], members);
                    (distances, end(middle))
                }
            };
            for at in start..end {
                if let Some(&next) = pairs.get(at + AHEAD)
                    && parts(next).0 != parts(pairs[at + AHEAD - 1]).0
                {
                    let row = self.index.members[parts(next).0];
                    self.index.references.prefetch(row as usize);
                }
                let (list, member) = (pairs[at] as u32 as usize, parts(pairs[at]).0);
                self.add(list, member, distances[usize::from(at >= middle)]);
            }
            start = end;
        }
    }

    fn two_distances(&mut self, queries: [usize; 2], members: [usize; 2]) -> [f64; 2] {
        let batch = self.batch;
        let queries = queries.map(|query| {
            let values = batch.row(self.queries, query);
            (values, batch.squared_norms[query])
        });
        self.index
            .two_distances(queries, members, &mut self.scratch)
    }

    fn distance(&mut self, query: usize, member: usize) -> f64 {
        let values = self.batch.row(self.queries, query);
        let squared_norm = self.batch.squared_norms[query];
        self.index
            .distance(values, squared_norm, member, &mut self.scratch[0])
    }

    /// Adds a member to the nearest of a list.
    fn add(&mut self, list: usize, member: usize, distance: f64) {
        if let Some(scale) = &self.batch.scales[list / self.index.groups] {
            let row = self.index.members[member];
            self.nearest.push(list, Neighbour { distance, row }, scale);
        }
    }
}

/// A pair that sorts by the member.
fn pair(member: u32, list: usize) -> u64 {
    u64::from(member) << 32 | list as u64
}
