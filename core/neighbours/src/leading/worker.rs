//! The scan of one batch of queries over all references, by one thread.

use super::{
    levels::Levels,
    nearest::Nearest,
    queries::Batch,
    row_key::row_key,
    seeds::{Seeds, seeds},
    shared::Shared,
    thresholds::Thresholds,
};
use crate::{
    aligned::Aligned,
    kernels::{BoundLanes, KeyKernel, SumValue, TileKernel, prefetch},
    metric::DistanceMetric,
    neighbours::Neighbour,
};

/// One of so many tiles is in the sample that guesses the keys of seeds.
pub(super) const SAMPLED: usize = 8;
/// Survivors that wait for their rows to arrive in the cache.
const WAITING: usize = 32;

pub(super) struct Worker<'w, 's, 'a, K: KeyKernel, L: TileKernel> {
    pub(super) shared: &'w Shared<'s, 'a, K, L>,
    pub(super) batch: &'w Batch<L>,
    pub(super) nearest: Nearest,
    pub(super) seeds: Seeds,
    pub(super) thresholds: Thresholds,
    sums: Aligned<L::Sum>,
    masks: Vec<u32>,
    /// Pairs of a query and a member whose bounds reach the floor.
    remaining: Vec<(u32, u32)>,
    /// Those of them whose third bound reaches it, too.
    last: Vec<(u32, u32)>,
    /// The members that are in the lists of each query as seeds, ascending.
    pub(super) seeded: Vec<Vec<u32>>,
    scratch: Vec<f32>,
}

/// Which of the passes over the references runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Collects seeds by their leading products from a part of the references.
    Sample,
    /// Collects seeds by their leading products.
    Seed,
    /// Multiplies the whole rows of all references whose bounds reach the floors.
    Full,
}

impl<'w, 's, 'a, K: KeyKernel, L: TileKernel> Worker<'w, 's, 'a, K, L> {
    pub(super) fn new(shared: &'w Shared<'s, 'a, K, L>, batch: &'w Batch<L>) -> Self {
        let index = shared.index;
        let lists = batch.queries * index.groups;
        let members = index.members.len();
        Self {
            shared,
            batch,
            nearest: Nearest::new(shared.options.k, lists),
            seeds: Seeds::new(seeds(shared.options.k).min(members.max(1)), lists),
            thresholds: Thresholds::new(index, batch),
            sums: Aligned::new(L::ROWS * L::QUERIES),
            masks: vec![0; L::ROWS],
            remaining: Vec::with_capacity(2 * WAITING),
            last: Vec::with_capacity(2 * WAITING),
            seeded: vec![Vec::new(); batch.queries],
            scratch: Vec::new(),
        }
    }

    /// Fills the lists. Returns false if the search was stopped.
    pub(super) fn run(&mut self) -> bool {
        self.seed_all() && {
            self.measure_seeds();
            self.pass(Pass::Full)
        }
    }

    #[inline(always)]
    pub(super) fn levels(&self) -> Levels<'_, K, L> {
        Levels {
            leading: self.shared.leading,
            tables: &self.shared.tables,
            batch: self.batch,
            thresholds: &self.thresholds,
            product: self.shared.product,
            byte_product: self.shared.byte_product,
        }
    }

    pub(super) fn prefetch(&self, member: usize) {
        let index = self.shared.index;
        index.references.prefetch(index.members[member] as usize);
    }

    /// Requests what the level after the second reads.
    fn prefetch_next(&self, member: usize) {
        let bytes = self.shared.tables.bytes;
        if bytes.is_empty() {
            return self.prefetch(member);
        }
        let width = self.shared.index.width();
        prefetch(&bytes[member * width..][..width]);
    }

    pub(super) fn pass(&mut self, pass: Pass) -> bool {
        let Shared {
            kernel,
            leading,
            tables,
            index,
            report,
            ..
        } = self.shared;
        let batch = self.batch;
        let members = index.members.len();
        let tile_size = leading.width * L::ROWS;
        let panel_size = leading.width * L::QUERIES;
        let classes = index.classes.len();
        // With the cosine, the offset of a row is the error of its bound, which seeds do not need.
        let seeding = pass != Pass::Full;
        let stride = if pass == Pass::Sample { SAMPLED } else { 1 };
        let none = vec![0.0; batch.tails.len()];
        let (columns, starts) = if seeding {
            (leading.seed_width, &batch.seed_starts)
        } else {
            (leading.width, &batch.starts)
        };
        let lines = columns / L::LINE;
        let (tails, offsets) = match index.metric {
            DistanceMetric::Cosine if seeding => (&none, &none),
            DistanceMetric::L2 if seeding => (&none, &batch.offsets),
            _ => (&batch.tails, &batch.offsets),
        };
        let mut pairs = 0;
        let mut session = None;
        let tiles = tables.tiles.chunks_exact(tile_size).enumerate();
        for (number, tile) in tiles.step_by(stride) {
            let start = number * L::ROWS;
            let rows = &tables.rows[start..start + L::ROWS];
            let valid = L::ROWS.min(members - start);
            let mut requested = 0_u32;
            session.get_or_insert_with(|| kernel.session());
            if self.remaining.len() >= WAITING {
                self.flush();
            }
            for panel in 0..batch.tails.len() / L::QUERIES {
                let lane = panel * L::QUERIES;
                let lanes = BoundLanes {
                    starts: &starts[lane..][..L::QUERIES],
                    tails: &tails[lane..][..L::QUERIES],
                    offsets: &offsets[lane..][..L::QUERIES],
                    thresholds: &self.thresholds.lanes[lane * classes..][..L::QUERIES * classes],
                };
                let queries = &batch.panels[panel * panel_size..][..panel_size];
                kernel.reach(
                    queries,
                    tile,
                    lines,
                    rows,
                    &lanes,
                    &mut self.sums,
                    &mut self.masks,
                );
                for (row, bound) in rows.iter().enumerate().take(valid) {
                    let mut mask = self.masks[row];
                    while mask != 0 {
                        let query = mask.trailing_zeros() as usize;
                        mask &= mask - 1;
                        if seeding {
                            let sum = self.sums[row * L::QUERIES + query].to_f32();
                            let shift = bound.offset * offsets[lane + query];
                            self.seed(lane + query, start + row, sum * bound.factor + shift);
                        } else if self.levels().second(lane + query, start + row) {
                            if requested >> row & 1 == 0 {
                                requested |= 1 << row;
                                self.prefetch_next(start + row);
                            }
                            let pair = ((lane + query) as u32, (start + row) as u32);
                            self.remaining.push(pair);
                        }
                    }
                }
            }
            pairs += (valid * batch.queries) as u64;
            if pairs >= 1 << 21 {
                // The session must not outlive the call of `report`, which is foreign code.
                session = None;
                if !report(if seeding { 0 } else { pairs }) {
                    return false;
                }
                pairs = 0;
            }
        }
        drop(session);
        self.flush();
        self.finish();
        report(if seeding { 0 } else { pairs })
    }

    fn is_excluded(&self, query: usize, member: usize) -> bool {
        let Shared { index, options, .. } = self.shared;
        let row = index.members[member];
        let global = self.batch.first + query;
        let same = |exclude: &[Option<u32>]| exclude[global] == Some(row);
        options.exclude.is_some_and(same)
            || options
                .labels
                .iter()
                .any(|labels| labels.exclude(global, row))
    }

    #[inline(never)]
    fn seed(&mut self, query: usize, member: usize, key: f32) {
        let index = self.shared.index;
        if query >= self.batch.queries || self.is_excluded(query, member) {
            return;
        }
        let mask = index.mask(member);
        let mut raised = 0_u8;
        for group in 0..index.groups {
            let list = query * index.groups + group;
            if mask >> group & 1 == 1 && key >= self.seeds.floor(list) {
                raised |= u8::from(self.seeds.push(list, key, member as u32)) << group;
            }
        }
        if raised != 0 {
            let floor = |list| self.seeds.floor(list);
            self.thresholds.seed::<L>(index, query, raised, floor);
        }
    }

    /// Applies the third bound to the pairs that the second left.
    fn flush(&mut self) {
        let mut remaining = std::mem::take(&mut self.remaining);
        let bytes = !self.shared.tables.bytes.is_empty();
        for (query, member) in remaining.drain(..) {
            let (at, row) = (query as usize, member as usize);
            if bytes && !self.levels().third(at, row)
                || self.seeded[at].binary_search(&member).is_ok()
            {
                continue;
            }
            if !bytes {
                self.consider(at, row);
            } else {
                if self.last.last().is_none_or(|&(_, last)| last != member) {
                    self.prefetch(row);
                }
                self.last.push((query, member));
            }
        }
        self.remaining = remaining;
        if self.last.len() >= WAITING {
            self.finish();
        }
    }

    /// Considers the pairs that the third bound left.
    fn finish(&mut self) {
        let mut last = std::mem::take(&mut self.last);
        for (query, member) in last.drain(..) {
            self.consider(query as usize, member as usize);
        }
        self.last = last;
    }

    /// Adds a reference to the lists of its groups if its key reaches their floors.
    fn consider(&mut self, query: usize, member: usize) {
        let index = self.shared.index;
        if self.is_excluded(query, member) {
            return;
        }
        // The key of single precision would exclude few of the pairs that the third bound left.
        if self.shared.tables.bytes.is_empty()
            && let Some(key) = row_key(self.shared, self.batch, query, member, &mut self.scratch)
        {
            let mask = index.mask(member);
            let floors = (0..index.groups)
                .filter(|group| mask >> group & 1 == 1)
                .map(|group| self.nearest.floor(query * index.groups + group));
            if key < floors.fold(f32::INFINITY, f32::min) {
                return;
            }
        }
        if let raised @ 1.. = self.measure(query, member) {
            self.update_thresholds(query, raised);
        }
    }

    /// Computes the exact distance of a reference and adds it to the lists of its groups. Returns the
    /// mask of the groups whose floors have risen.
    pub(super) fn measure(&mut self, query: usize, member: usize) -> u8 {
        let Some(scale) = &self.batch.scales[query] else {
            return 0;
        };
        let Shared { index, queries, .. } = self.shared;
        let values = self.batch.row(queries, query);
        let squared_norm = self.batch.squared_norms[query];
        let neighbour = Neighbour {
            distance: index.distance(values, squared_norm, member, &mut self.scratch),
            row: index.members[member],
        };
        let mask = index.mask(member);
        let mut raised = 0;
        for group in (0..index.groups).filter(|group| mask >> group & 1 == 1) {
            let list = query * index.groups + group;
            raised |= u8::from(self.nearest.push(list, neighbour, scale)) << group;
        }
        raised
    }

    /// Updates the thresholds of a query after the floors of the groups in the mask `raised` have
    /// risen.
    pub(super) fn update_thresholds(&mut self, query: usize, raised: u8) {
        let floor = |list| self.nearest.floor(list);
        let index = self.shared.index;
        self.thresholds
            .update(index, self.batch, query, raised, floor);
    }
}
