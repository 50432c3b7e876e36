//! Searches too many references one part after another, so that memory is bounded.
//!
//! What a search prepares grows with the references: leading coordinates and rows as bytes. The
//! references themselves are usually mapped from a file and take no memory that the system cannot take
//! back. So only one part has its leading coordinates in memory at a time. The nearest of all
//! references are among the nearest of each part.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    bounds::Scaling,
    error::NeighbourSearchError,
    index::{Index, SearchOptions},
    leading,
    neighbours::{Neighbour, Neighbours},
    precision::Precision,
    rows::Matrix,
};

/// The most bytes of what a search prepares.
const MOST_BYTES: usize = 4 << 30;

impl<'a> Index<'a> {
    /// Members of one part, if the whole index needs more than [`MOST_BYTES`].
    pub(super) fn part_size(&self) -> Option<usize> {
        let row = leading::most_bytes_of_row(self.width());
        let most = (MOST_BYTES / row).max(1);
        (self.members.len() > most).then(|| {
            // Of nearly equal size.
            let parts = self.members.len().div_ceil(most);
            self.members.len().div_ceil(parts)
        })
    }

    /// The neighbours from searches in parts of this many members.
    pub(super) fn search_parts(
        &self,
        size: usize,
        queries: &Matrix<'_>,
        options: &SearchOptions<'_>,
        progress: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let members = self.members.len();
        let total = (members as u64).saturating_mul(queries.rows() as u64);
        // The largest report of the part, as threads report in any order.
        let (before, within) = (AtomicU64::new(0), AtomicU64::new(0));
        let report = |done: u64, _| {
            let within = within.fetch_max(done, Ordering::Relaxed).max(done);
            progress(before.load(Ordering::Relaxed) + within, total)
        };
        let mut found: Option<Neighbours> = None;
        for first in (0..members).step_by(size) {
            let range = first..members.min(first + size);
            let part = self
                .part(range.clone())
                .search_whole(queries, options, &report)?;
            let pairs = (range.len() as u64).saturating_mul(queries.rows() as u64);
            before.fetch_add(pairs, Ordering::Relaxed);
            within.store(0, Ordering::Relaxed);
            found = Some(match found {
                None => part,
                Some(found) => merged(&found, &part, options.k),
            });
        }
        Ok(found.unwrap_or_else(|| Neighbours::with_capacity(self.groups, 0)))
    }

    /// An index of some of the members, with rows as in the whole.
    fn part(&self, members: Range<usize>) -> Index<'a> {
        let sizes = self.sizes[members.clone()].to_vec();
        let scaling = |precision| Scaling::new(self.metric, precision, self.width(), &sizes);
        let (single, int16) = (scaling(Precision::Single), scaling(Precision::Int16));
        Index {
            members: self.members[members.clone()].to_vec(),
            class_of: self.class_of.get(members).unwrap_or_default().to_vec(),
            classes: self.classes.clone(),
            references: self.references.clone(),
            sizes,
            single,
            int16,
            prepared: Arc::default(),
            byte_rows: Arc::default(),
            cache: None,
            ..*self
        }
    }
}

/// The `k` nearest of two results for the same queries.
fn merged(left: &Neighbours, right: &Neighbours, k: usize) -> Neighbours {
    let groups = left.groups();
    let mut merged = Neighbours::with_capacity(groups, left.queries());
    let mut list: Vec<Neighbour> = Vec::new();
    for query in 0..left.queries() {
        for group in 0..groups {
            list.clear();
            list.extend_from_slice(left.list(query, group));
            list.extend_from_slice(right.list(query, group));
            list.sort_unstable_by(Neighbour::order);
            list.truncate(k);
            merged.push(&list);
        }
    }
    merged.with_method_of(left)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        DistanceMetric, Labels, Membership, Pruning, RowBlock, Values, test_vectors::noise,
    };

    const WIDTH: usize = 40;
    const ROWS: usize = 500;

    #[test]
    fn parts_find_the_neighbours_of_the_whole() {
        let mut references = noise(1, ROWS, WIDTH);
        // Duplicates in different parts, a zero row, a row that is not finite.
        references.copy_within(0..WIDTH, 300 * WIDTH);
        references.copy_within(0..WIDTH, 499 * WIDTH);
        references[150 * WIDTH..151 * WIDTH].fill(0.0);
        references[151 * WIDTH] = f32::NAN;
        let mut queries = references[..20 * WIDTH].to_vec();
        queries.extend(noise(2, 20, WIDTH));
        let block = |values| RowBlock {
            first_row: 0,
            rows: <[f32]>::len(values) / WIDTH,
            values: Values::F32(values),
        };
        let masks: Vec<u8> = (0..ROWS).map(|row| (row % 5 % 4) as u8).collect();
        let taxa: Vec<u32> = (0..ROWS as u32).map(|row| row % 9).collect();
        let exclude: Vec<Option<u32>> = (0..40).map(|query| Some(query % 7)).collect();
        let labels = [Labels {
            queries: &taxa[..40],
            references: &taxa,
        }];
        for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
            for pruning in [Pruning::Off, Pruning::Directions(8)] {
                for groups in [1, 2] {
                    let membership = match groups {
                        1 => Membership::All,
                        _ => Membership::Masks {
                            masks: &masks,
                            groups,
                        },
                    };
                    let blocks = vec![block(&references)];
                    let index = Index::new(WIDTH, blocks, membership, metric).unwrap();
                    let options = SearchOptions {
                        exclude: Some(&exclude),
                        labels: &labels,
                        pruning,
                        ..SearchOptions::nearest(4)
                    };
                    let expected = index.search(&[block(&queries)], &options, &|_, _| true);
                    let matrix = Matrix::new(WIDTH, vec![block(&queries)]).unwrap();
                    for size in [1, 7, 200, 499, 1000] {
                        let last = Mutex::new((0, 0));
                        let report = |done: u64, total| {
                            let mut last = last.lock().unwrap();
                            last.0 = done.max(last.0);
                            last.1 = total;
                            true
                        };
                        let found = index.search_parts(size, &matrix, &options, &report);
                        assert_eq!(found.as_ref(), expected.as_ref());
                        let (done, total) = *last.lock().unwrap();
                        assert_eq!((done, total), (total, index.members.len() as u64 * 40));
                    }
                    let cancelled = index.search_parts(200, &matrix, &options, &|_, _| false);
                    assert_eq!(cancelled, Err(NeighbourSearchError::Cancelled));
                }
            }
        }
    }

    #[test]
    fn the_size_of_a_part_bounds_memory() {
        let values = vec![1.0_f32; 4 * WIDTH];
        let block = RowBlock {
            first_row: 0,
            rows: 4,
            values: Values::F32(&values),
        };
        let metric = DistanceMetric::Cosine;
        let mut index = Index::new(WIDTH, vec![block], Membership::All, metric).unwrap();
        assert_eq!(index.part_size(), None);
        let row = leading::most_bytes_of_row(WIDTH);
        index.members = vec![0; MOST_BYTES / row];
        assert_eq!(index.part_size(), None);
        index.members.push(0);
        let size = index.part_size().unwrap();
        assert!(size * row < MOST_BYTES && 2 * size >= index.members.len());
    }
}
