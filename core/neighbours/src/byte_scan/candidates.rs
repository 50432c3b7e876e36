//! The references of each query that may be among the nearest.

use crate::leading::QueryBound;

/// A reference and the bounds of its key, in the unit of the query.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Candidate {
    pub(super) upper: f32,
    pub(super) lower: f32,
    pub(super) member: u32,
}

impl Candidate {
    /// Twice the key.
    fn key(&self) -> f32 {
        self.upper + self.lower
    }
}

/// The number of candidates that a list can hold: several times the number that the bounds of random
/// vectors leave.
pub(super) fn capacity(k: usize, members: usize) -> usize {
    k.saturating_mul(6).saturating_add(40).min(members.max(1))
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
        self.retain(list)
    }

    /// Removes the candidates of a list whose upper bounds are below its floor. Returns false if too many
    /// remain.
    pub(super) fn retain(&mut self, list: usize) -> bool {
        let (floor, capacity) = (self.floors[list], self.capacity);
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

    /// Removes the `most` candidates of a list with the best keys, or all if there are fewer.
    pub(super) fn take_best(&mut self, list: usize, most: usize) -> Vec<u32> {
        let entries = self.list_mut(list);
        let count = most.min(entries.len());
        if count < entries.len() {
            entries.select_nth_unstable_by(count, |a, b| b.key().total_cmp(&a.key()));
        }
        let taken = entries[..count].iter().map(|candidate| candidate.member);
        let taken = taken.collect();
        entries.copy_within(count.., 0);
        self.lengths[list] -= count as u32;
        taken
    }

    fn list_mut(&mut self, list: usize) -> &mut [Candidate] {
        let length = self.lengths[list] as usize;
        &mut self.entries[list * self.capacity..][..length]
    }

    /// The `k` candidates of a list with the best keys, or all if there are fewer, in any order. Moves them
    /// to the front.
    pub(super) fn best_first(&mut self, list: usize) -> &[Candidate] {
        let k = self.k;
        let entries = self.list_mut(list);
        if entries.len() > k {
            entries.select_nth_unstable_by(k - 1, |a, b| b.key().total_cmp(&a.key()));
        }
        &entries[..k.min(entries.len())]
    }

    /// The candidates of a list that [`best_first`](Self::best_first) does not return.
    pub(super) fn after_best(&self, list: usize) -> &[Candidate] {
        let length = self.lengths[list] as usize;
        &self.entries[list * self.capacity..][self.k.min(length)..length]
    }
}
