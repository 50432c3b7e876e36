//! The references whose distances set the first floors of a batch.

use super::{
    seeds::{Pairs, Seeds, seeds},
    shared::Shared,
    worker::{Pass, SAMPLED, Worker},
};
use crate::kernels::{KeyKernel, TileKernel};

/// The least number of members for a sample of seeds.
const LEAST_SAMPLED: usize = 4096;
/// Rows that are requested before they are needed.
const AHEAD: usize = 2;

impl<K: KeyKernel, L: TileKernel> Worker<'_, '_, '_, K, L> {
    /// Finds the seeds. Returns false if the search was stopped.
    ///
    /// A pass over a part of the references estimates the key of the last seed, so that few others enter
    /// the lists. If the estimate leaves too few, every reference competes.
    pub(super) fn seed_all(&mut self) -> bool {
        let Shared { index, options, .. } = self.shared;
        let members = index.members.len().max(1);
        let count = seeds(options.k).min(members);
        if members < LEAST_SAMPLED {
            return self.pass(Pass::Seed);
        }
        self.seeds.restart(count / SAMPLED + count.isqrt() / 3 + 3);
        if !self.pass(Pass::Sample) {
            return false;
        }
        self.seeds.restart(count);
        self.reset_seed_thresholds();
        if !self.pass(Pass::Seed) {
            return false;
        }
        let lists = self.batch.queries * index.groups;
        let too_few = |list: usize| {
            let available = self.shared.group_sizes[list % index.groups];
            let query = list / index.groups;
            self.batch.scales[query].is_some()
                && self.seeds.length(list) < options.k.min(available.saturating_sub(1))
        };
        if !(0..lists).any(too_few) {
            return true;
        }
        self.seeds = Seeds::new(count, lists);
        self.reset_seed_thresholds();
        self.pass(Pass::Seed)
    }

    fn reset_seed_thresholds(&mut self) {
        let floor = |list| self.seeds.floor(list);
        for query in (0..self.batch.queries).filter(|&query| self.batch.scales[query].is_some()) {
            let index = self.shared.index;
            self.thresholds.seed::<L>(index, query, u8::MAX, floor);
        }
    }

    /// Computes the distances of the seeds. They set the first floors.
    pub(super) fn measure_seeds(&mut self) {
        let lists = self.batch.queries * self.shared.index.groups;
        let mut pairs = Pairs::new(&mut self.seeds, lists, self.shared.index.groups);
        if !self.shared.tables.bytes.is_empty() {
            pairs = self.best_of(&pairs);
        }
        let mut last = None;
        for (at, (member, query)) in pairs.iter().enumerate() {
            if let Some((next, _)) = pairs.get(at + AHEAD)
                && last != Some(next)
            {
                self.prefetch(next as usize);
                last = Some(next);
            }
            self.seeded[query as usize].push(member);
            self.measure(query as usize, member as usize);
        }
        for query in 0..self.batch.queries {
            if self.batch.scales[query].is_some() {
                self.update_thresholds(query, u8::MAX);
            }
        }
    }

    /// Those of the pairs that the third level finds to be the nearest: a few more than `k` for each
    /// query and group.
    fn best_of(&self, pairs: &Pairs) -> Pairs {
        let Shared { index, options, .. } = self.shared;
        let lists = self.batch.queries * index.groups;
        let count = options.k.saturating_add(2).min(index.members.len());
        let mut best = Seeds::new(count, lists);
        let levels = self.levels();
        for (member, query) in pairs.iter() {
            let (query, at) = (query as usize, member as usize);
            let row = &self.shared.tables.byte_rows[at];
            let bound = &self.batch.integer_bounds[query];
            let key = levels.product(query, at) * row.factor + row.offset * bound.offset;
            for group in 0..index.groups {
                let list = query * index.groups + group;
                if index.mask(at) >> group & 1 == 1 && key >= best.floor(list) {
                    best.push(list, key, member);
                }
            }
        }
        Pairs::new(&mut best, lists, index.groups)
    }
}
