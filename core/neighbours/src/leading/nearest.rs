//! The nearest references found so far, by their exact distances.

use std::{cmp::Ordering, collections::BinaryHeap};

use crate::{bounds::QueryScale, neighbours::Neighbour};

/// One list per query and group: `list = query * groups + group`.
pub(crate) struct Nearest {
    k: usize,
    lists: Vec<BinaryHeap<Candidate>>,
    floors: Vec<f32>,
}

struct Candidate(Neighbour);

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

impl Nearest {
    pub(crate) fn new(k: usize, lists: usize) -> Self {
        Self {
            k,
            lists: std::iter::repeat_with(BinaryHeap::new)
                .take(lists)
                .collect(),
            floors: vec![f32::NEG_INFINITY; lists],
        }
    }

    /// The lowest key that can still belong to a neighbour.
    pub(crate) fn floor(&self, list: usize) -> f32 {
        self.floors[list]
    }

    /// Adds a reference, which must not be in the list already. Returns true if the floor has risen.
    pub(crate) fn push(&mut self, list: usize, neighbour: Neighbour, scale: &QueryScale) -> bool {
        let nearest = &mut self.lists[list];
        let candidate = Candidate(neighbour);
        if nearest.len() < self.k {
            nearest.push(candidate);
        } else if let Some(mut farthest) = nearest.peek_mut()
            && candidate < *farthest
        {
            *farthest = candidate;
        } else {
            return false;
        }
        let Some(farthest) = nearest.peek().filter(|_| nearest.len() == self.k) else {
            return false;
        };
        let floor = scale.floor_of_distance(farthest.0.distance);
        let risen = floor > self.floors[list];
        self.floors[list] = self.floors[list].max(floor);
        risen
    }

    /// Every list, nearest first.
    pub(crate) fn into_lists(self) -> impl Iterator<Item = Vec<Neighbour>> {
        self.lists.into_iter().map(|nearest| {
            let sorted = nearest.into_sorted_vec().into_iter();
            sorted.map(|candidate| candidate.0).collect()
        })
    }
}
