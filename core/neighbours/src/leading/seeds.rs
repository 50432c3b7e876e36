//! The references with the best leading products, from which the first floors come.

use crate::{index::Index, neighbours::Neighbour};

/// The best few references of every query and group, by a key that need not be exact.
pub(super) struct Seeds {
    count: usize,
    /// Room for twice `count` per list.
    entries: Vec<(f32, u32)>,
    lengths: Vec<u32>,
    floors: Vec<f32>,
}

impl Seeds {
    /// Keeps the best `count` of each list.
    pub(super) fn new(count: usize, lists: usize) -> Self {
        Self {
            count,
            entries: vec![(0.0, 0); lists * count * 2],
            lengths: vec![0; lists],
            floors: vec![f32::NEG_INFINITY; lists],
        }
    }

    pub(super) fn floor(&self, list: usize) -> f32 {
        self.floors[list]
    }

    /// Adds a reference. Returns true if the floor has risen.
    pub(super) fn push(&mut self, list: usize, key: f32, member: u32) -> bool {
        let start = list * self.count * 2;
        let length = self.lengths[list] as usize;
        self.entries[start + length] = (key, member);
        self.lengths[list] += 1;
        if length + 1 < self.count * 2 {
            return false;
        }
        let entries = &mut self.entries[start..start + self.count * 2];
        let (_, least, _) =
            entries.select_nth_unstable_by(self.count - 1, |a, b| b.0.total_cmp(&a.0));
        self.floors[list] = least.0;
        self.lengths[list] = self.count as u32;
        true
    }

    /// The members of a list, at most `count`: the best, in any order.
    pub(super) fn members(&mut self, list: usize) -> impl Iterator<Item = u32> {
        let start = list * self.count * 2;
        let entries = &mut self.entries[start..][..self.lengths[list] as usize];
        if entries.len() > self.count {
            entries.select_nth_unstable_by(self.count - 1, |a, b| b.0.total_cmp(&a.0));
        }
        entries.iter().take(self.count).map(|entry| entry.1)
    }

    /// Empties the lists and keeps `count` from now on. Where a list has the old `count`, its least key
    /// becomes the floor.
    pub(super) fn restart(&mut self, count: usize) {
        let lists = self.lengths.len();
        for list in 0..lists {
            let entries = &mut self.entries[list * self.count * 2..];
            let entries = &mut entries[..self.lengths[list] as usize];
            if entries.len() >= self.count {
                let (_, least, _) =
                    entries.select_nth_unstable_by(self.count - 1, |a, b| b.0.total_cmp(&a.0));
                self.floors[list] = least.0;
            }
        }
        self.count = count;
        self.lengths.fill(0);
        self.entries.resize(lists * count * 2, (0.0, 0));
    }

    /// Number of members that [`members`](Self::members) returns.
    pub(super) fn length(&self, list: usize) -> usize {
        self.count.min(self.lengths[list] as usize)
    }
}

/// Pairs of a member and a query, sorted, so that every row is read once.
pub(super) struct Pairs(Vec<u64>);

impl Pairs {
    /// All pairs of the lists, of which each query has one for every group.
    pub(super) fn new(seeds: &mut Seeds, lists: usize, groups: usize) -> Self {
        let mut pairs = Vec::with_capacity(lists * seeds.count);
        for list in 0..lists {
            let query = (list / groups) as u64;
            let members = seeds.members(list);
            pairs.extend(members.map(|member| u64::from(member) << 32 | query));
        }
        pairs.sort_unstable();
        pairs.dedup();
        Self(pairs)
    }

    pub(super) fn get(&self, at: usize) -> Option<(u32, u32)> {
        let pair = self.0.get(at)?;
        Some(((pair >> 32) as u32, *pair as u32))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.0.len()).filter_map(|at| self.get(at))
    }
}

/// The number of seeds for `k` neighbours.
pub(super) fn seeds(k: usize) -> usize {
    k.saturating_mul(2).saturating_add(2)
}

/// Bytes of the lists of one query, seeds included.
pub(super) fn list_bytes(index: &Index<'_>, k: usize) -> usize {
    let members = index.members.len().max(1);
    let seeds = seeds(k)
        .min(members)
        .saturating_mul(4 * size_of::<(f32, u32)>());
    let nearest = k.min(members).saturating_mul(2 * size_of::<Neighbour>());
    seeds
        .saturating_add(nearest)
        .saturating_mul(index.groups)
        .max(1)
}
