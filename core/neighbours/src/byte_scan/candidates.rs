//! The references of each query that may be among the nearest.

use crate::{candidates::capacity, leading::QueryBound};

/// A reference and the bounds of its key, in the unit of the query.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Candidate {
    pub(super) upper: f32,
    pub(super) lower: f32,
    pub(super) member: u32,
}

/// One list per query and group: `list = query * groups + group`.
pub(super) struct Candidates {
    k: usize,
    capacity: usize,
    entries: Vec<Candidate>,
    lengths: Vec<u32>,
    /// What the upper bounds of further candidates must reach.
    floors: Vec<f32>,
}

impl Candidates {
    pub(super) fn new(k: usize, members: usize, lists: usize) -> Self {
        let capacity = capacity(k, members);
        Self {
            k,
            capacity,
            entries: vec![Candidate::default(); lists * capacity],
            lengths: vec![0; lists],
            floors: vec![f32::NEG_INFINITY; lists],
        }
    }

    pub(super) fn floor(&self, list: usize) -> f32 {
        self.floors[list]
    }

    /// Raises the floor of a list.
    pub(super) fn raise(&mut self, list: usize, floor: f32) {
        self.floors[list] = self.floors[list].max(floor);
    }

    /// Adds a candidate. Returns true if the list is full and must be reduced.
    #[inline(always)]
    pub(super) fn push(&mut self, list: usize, candidate: Candidate) -> bool {
        let length = self.lengths[list] as usize;
        self.entries[list * self.capacity + length] = candidate;
        self.lengths[list] += 1;
        length + 1 == self.capacity
    }

    /// Removes the candidates of a list whose upper bounds are below the `k`-th best lower bound.
    /// Returns false if too many remain.
    pub(super) fn reduce(&mut self, list: usize, bound: &QueryBound, slack: f64) -> bool {
        let (k, capacity) = (self.k, self.capacity);
        let entries = self.list_mut(list);
        if entries.len() <= k {
            return entries.len() < capacity;
        }
        let by_lower = |a: &Candidate, b: &Candidate| b.lower.total_cmp(&a.lower);
        let (_, kth, _) = entries.select_nth_unstable_by(k - 1, by_lower);
        let floor = bound.threshold_of_kth(kth.lower, slack);
        self.raise(list, floor);
        let floor = self.floors[list];
        let entries = self.list_mut(list);
        let mut kept = 0;
        for at in 0..entries.len() {
            if entries[at].upper >= floor {
                entries[kept] = entries[at];
                kept += 1;
            }
        }
        self.lengths[list] = kept as u32;
        kept <= capacity - capacity / 4 && kept < capacity
    }

    pub(super) fn list_mut(&mut self, list: usize) -> &mut [Candidate] {
        let length = self.lengths[list] as usize;
        &mut self.entries[list * self.capacity..][..length]
    }

    /// The `k` candidates of a list with the best keys, or all if there are fewer, in any order. Moves them
    /// to the front.
    pub(super) fn best_first(&mut self, list: usize) -> &[Candidate] {
        let k = self.k;
        let entries = self.list_mut(list);
        if entries.len() > k {
            let key = |candidate: &Candidate| candidate.upper + candidate.lower;
            entries.select_nth_unstable_by(k - 1, |a, b| key(b).total_cmp(&key(a)));
        }
        &entries[..k.min(entries.len())]
    }

    /// The candidates of a list that [`best_first`](Self::best_first) does not return.
    pub(super) fn after_best(&self, list: usize) -> &[Candidate] {
        let length = self.lengths[list] as usize;
        &self.entries[list * self.capacity..][self.k.min(length)..length]
    }

    pub(super) fn clear(&mut self, list: usize) {
        self.lengths[list] = 0;
    }
}
