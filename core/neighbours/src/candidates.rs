//! The candidates during a scan: references that may be among the nearest.
//!
//! A list holds computed keys. When it is full, it drops the entries that the error bound excludes.
//! If too many remain (near ties, duplicates), the list is *settled*: it computes the exact
//! distances of its entries and keeps only the best `k`. From then on, it settles new entries in
//! batches. Memory is therefore bounded for all data, and no possible neighbour is dropped.

use crate::{
    bounds::QueryScale, exact_distance::ExactDistance, index::Index, neighbours::Neighbour,
};

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    key: f32,
    row: u32,
}

/// The lists of one thread, one per query and group: `list = query * groups + group`.
pub(super) struct Lists {
    k: usize,
    capacity: usize,
    entries: Vec<Entry>,
    lengths: Vec<u32>,
    settled: Vec<Vec<Neighbour>>,
    floors: Vec<f32>,
}

/// The number of keys that a list can hold. It is at most the number of references, however large
/// `k` is.
pub(super) fn capacity(k: usize, references: usize) -> usize {
    k.saturating_mul(2)
        .saturating_add(32)
        .min(references.max(1))
}

impl Lists {
    pub(super) fn new(k: usize, references: usize, lists: usize) -> Self {
        let capacity = capacity(k, references);
        Self {
            k,
            capacity,
            entries: vec![Entry::default(); lists * capacity],
            lengths: vec![0; lists],
            settled: vec![Vec::new(); lists],
            floors: vec![f32::NEG_INFINITY; lists],
        }
    }

    /// The lowest key that can still belong to a neighbour.
    pub(super) fn floor(&self, list: usize) -> f32 {
        self.floors[list]
    }

    /// Adds a reference. Its key must be at least the floor. Returns true if the floor has risen.
    pub(super) fn push(
        &mut self,
        list: usize,
        key: f32,
        row: u32,
        scale: &QueryScale,
        distance: impl FnMut(u32) -> f64,
    ) -> bool {
        let length = self.lengths[list] as usize;
        self.entries[list * self.capacity + length] = Entry { key, row };
        self.lengths[list] += 1;
        if length + 1 < self.capacity {
            return false;
        }
        let before = self.floors[list];
        self.reduce(list, scale, distance);
        self.floors[list] > before
    }

    fn reduce(&mut self, list: usize, scale: &QueryScale, distance: impl FnMut(u32) -> f64) {
        let entries = &mut self.entries[list * self.capacity..][..self.lengths[list] as usize];
        if self.settled[list].is_empty() && entries.len() > self.k {
            let (_, kth, _) =
                entries.select_nth_unstable_by(self.k - 1, |a, b| b.key.total_cmp(&a.key));
            let floor = scale.floor_of_key(kth.key).max(self.floors[list]);
            self.floors[list] = floor;
            let kept = retain(entries, floor);
            self.lengths[list] = kept as u32;
            if kept <= self.capacity - self.capacity / 4 && kept < self.capacity {
                return;
            }
        }
        self.settle(list, scale, distance);
    }

    fn settle(&mut self, list: usize, scale: &QueryScale, mut distance: impl FnMut(u32) -> f64) {
        let entries = &self.entries[list * self.capacity..][..self.lengths[list] as usize];
        let settled = &mut self.settled[list];
        settled.extend(entries.iter().map(|entry| Neighbour {
            distance: distance(entry.row),
            row: entry.row,
        }));
        settled.sort_unstable_by(Neighbour::order);
        settled.truncate(self.k);
        self.lengths[list] = 0;
        if let Some(kth) = settled.get(self.k - 1) {
            self.floors[list] = self.floors[list].max(scale.floor_of_distance(kth.distance));
        }
    }
}

/// Moves the entries at or above the floor to the front and returns their number.
fn retain(entries: &mut [Entry], floor: f32) -> usize {
    let mut kept = 0;
    for at in 0..entries.len() {
        if entries[at].key >= floor {
            entries[kept] = entries[at];
            kept += 1;
        }
    }
    kept
}

/// Adds to `rows` the references of one query and group, from the lists of all workers, that may be
/// among the nearest.
fn survivors(
    workers: &[Lists],
    list: usize,
    scale: &QueryScale,
    scratch: &mut Vec<Entry>,
    rows: &mut Vec<u32>,
) {
    scratch.clear();
    let mut floor = f32::NEG_INFINITY;
    for lists in workers {
        scratch.extend_from_slice(
            &lists.entries[list * lists.capacity..][..lists.lengths[list] as usize],
        );
        rows.extend(lists.settled[list].iter().map(|neighbour| neighbour.row));
        floor = floor.max(lists.floors[list]);
    }
    let k = workers.first().map_or(0, |lists| lists.k);
    if k > 0 && scratch.len() > k {
        let (_, kth, _) = scratch.select_nth_unstable_by(k - 1, |a, b| b.key.total_cmp(&a.key));
        floor = floor.max(scale.floor_of_key(kth.key));
    }
    rows.extend(
        scratch
            .iter()
            .filter(|entry| entry.key >= floor)
            .map(|entry| entry.row),
    );
}

/// The final lists of a query, one per group, from the lists of all workers: the candidates are
/// sorted by their exact distances. `exact` must be set to the query.
pub(super) fn final_lists(
    index: &Index<'_>,
    k: usize,
    workers: &[Lists],
    query: usize,
    scale: &QueryScale,
    exact: &mut ExactDistance<'_, '_>,
    (scratch, rows): (&mut Vec<Entry>, &mut Vec<u32>),
) -> Vec<Vec<Neighbour>> {
    rows.clear();
    for group in 0..index.groups {
        survivors(workers, query * index.groups + group, scale, scratch, rows);
    }
    rows.sort_unstable();
    rows.dedup();
    let mut measured: Vec<(Neighbour, u8)> = Vec::with_capacity(rows.len());
    for (at, &row) in rows.iter().enumerate() {
        if let Some(&next) = rows.get(at + 1) {
            index.references.prefetch(next as usize);
        }
        let member = index.member(row);
        let distance = exact.distance(member);
        measured.push((Neighbour { distance, row }, index.mask(member)));
    }
    (0..index.groups)
        .map(|group| {
            let mut list: Vec<Neighbour> = measured
                .iter()
                .filter(|(_, mask)| mask >> group & 1 == 1)
                .map(|(neighbour, _)| *neighbour)
                .collect();
            list.sort_unstable_by(Neighbour::order);
            list.truncate(k);
            list
        })
        .collect()
}
