//! The neighbours that vote, if they are not simply the k nearest: ties count too, or sequences
//! that are too similar do not.

use std::collections::HashMap;

use protea_cafa::{
    dataset::FrozenDataset,
    neighbours::{
        Index, Labels, Neighbour, NeighbourSearchError, Neighbours, RowBlock, SearchOptions, Values,
    },
    redundancy,
};
use rayon::prelude::*;

use crate::spec::KnnSpec;

/// The first search asks for this many neighbours more than wanted.
const EXTRA: usize = 8;
/// Each further search asks for this many times as many as the one before.
const GROWTH: usize = 4;

/// A search for the neighbours that vote.
pub(crate) struct Selection<'q> {
    pub(crate) spec: &'q KnnSpec,
    /// The index of the references.
    pub(crate) index: &'q Index<'q>,
    pub(crate) references: &'q FrozenDataset,
    pub(crate) queries: &'q FrozenDataset,
    /// The embeddings of the queries.
    pub(crate) rows: &'q [RowBlock<'q>],
    /// By query, the reference that is the query itself.
    pub(crate) itself: Option<&'q [Option<u32>]>,
    /// A reference with the query's label is not its neighbour.
    pub(crate) labels: Option<Labels<'q>>,
}

impl Selection<'_> {
    /// The neighbours of every query.
    ///
    /// # Errors
    ///
    /// [`NeighbourSearchError::Cancelled`] when `report` returns `false`; [`NeighbourSearchError`] for invalid input.
    pub(crate) fn find_all(
        &self,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        if self.is_k_nearest() {
            let options = self.options(self.spec.k as usize, None);
            return self.index.search(self.rows, &options, report);
        }
        self.choose_for((0..self.queries.len()).collect(), report)
    }

    /// The neighbours of one query, the same that [`find_all`](Self::find_all) finds for it. It is
    /// query 0 of the result.
    ///
    /// # Errors
    ///
    /// [`NeighbourSearchError::Cancelled`] when `report` returns `false`; [`NeighbourSearchError`] for invalid input.
    pub(crate) fn find_one(
        &self,
        query: usize,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        if self.is_k_nearest() {
            let part = self.part(&[query]);
            let options = self.options(self.spec.k as usize, Some(&part));
            return self.index.search(&part.rows, &options, report);
        }
        self.choose_for(vec![query], report)
    }

    fn is_k_nearest(&self) -> bool {
        !self.spec.include_ties && self.spec.maximum_identity.is_none()
    }

    /// Searches for more and more neighbours until every query has enough that may vote.
    fn choose_for(
        &self,
        mut pending: Vec<usize>,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let k = self.spec.k as usize;
        let groups = self.index.groups();
        let mut chosen: Vec<Option<Vec<Vec<Neighbour>>>> = vec![None; self.queries.len()];
        let mut wanted = k.saturating_add(EXTRA);
        while !pending.is_empty() {
            let part = self.part(&pending);
            let options = self.options(wanted, Some(&part));
            let found = self.index.search(&part.rows, &options, report)?;
            let answers = pending
                .par_iter()
                .enumerate()
                .map(|(index, &query)| {
                    if !report(0, 0) {
                        return Err(NeighbourSearchError::Cancelled);
                    }
                    let mut redundant = HashMap::new();
                    Ok((0..groups)
                        .map(|group| {
                            self.choose(found.list(index, group), wanted, query, &mut redundant)
                        })
                        .collect::<Option<Vec<_>>>())
                })
                .collect::<Result<Vec<_>, _>>()?;
            for (&query, answer) in pending.iter().zip(answers) {
                chosen[query] = answer;
            }
            pending.retain(|&query| chosen[query].is_none());
            wanted = wanted.saturating_mul(GROWTH);
        }
        let lists = chosen.into_iter().flatten().flatten();
        Ok(Neighbours::from_lists(groups, lists))
    }

    fn options<'o>(&'o self, k: usize, part: Option<&'o Part<'_>>) -> SearchOptions<'o> {
        let labels = self.labels.map(|labels| Labels {
            queries: part.map_or(labels.queries, |part| &part.labels),
            ..labels
        });
        SearchOptions {
            exclude: match part {
                Some(part) => self.itself.map(|_| &part.itself[..]),
                None => self.itself,
            },
            labels,
            ..SearchOptions::nearest(k)
        }
    }

    /// The nearest neighbours in a list that may vote; `None` if the list, which has the `wanted`
    /// nearest, is too short to tell.
    fn choose(
        &self,
        list: &[Neighbour],
        wanted: usize,
        query: usize,
        redundant: &mut HashMap<u32, bool>,
    ) -> Option<Vec<Neighbour>> {
        let k = self.spec.k as usize;
        let mut kept: Vec<Neighbour> = Vec::with_capacity(k.min(list.len()));
        for neighbour in list {
            let full = kept.len() >= k;
            if full && !(self.spec.include_ties && neighbour.distance <= kept[k - 1].distance) {
                return Some(kept);
            }
            if !*redundant
                .entry(neighbour.row)
                .or_insert_with(|| self.is_redundant(query, neighbour.row))
            {
                kept.push(*neighbour);
            }
        }
        let is_complete = list.len() < wanted;
        let enough = kept.len() >= k && !self.spec.include_ties;
        (is_complete || enough).then_some(kept)
    }

    fn is_redundant(&self, query: usize, reference: u32) -> bool {
        let Some(limit) = self.spec.maximum_identity else {
            return false;
        };
        let sequences = (
            self.queries.sequence(query),
            self.references.sequence(reference as usize),
        );
        match sequences {
            (Some(query), Some(reference)) => {
                query == reference || redundancy::identity(query, reference) >= limit
            }
            _ => false,
        }
    }

    /// Some of the queries with their rows, exclusions and labels.
    fn part(&self, queries: &[usize]) -> Part<'_> {
        let rows = queries.iter().enumerate().filter_map(|(index, &query)| {
            let end = self.rows.partition_point(|block| block.first_row <= query);
            let block = self.rows[..end].last()?;
            let width = self.index.width();
            let start = (query - block.first_row) * width;
            Some(RowBlock {
                first_row: index,
                rows: 1,
                values: match block.values {
                    Values::F32(values) => Values::F32(&values[start..start + width]),
                    Values::F16(values) => Values::F16(&values[start..start + width]),
                },
            })
        });
        let labels = self.labels.map_or(&[][..], |labels| labels.queries);
        Part {
            rows: rows.collect(),
            itself: match self.itself {
                Some(itself) => queries.iter().map(|&query| itself[query]).collect(),
                None => Vec::new(),
            },
            labels: queries
                .iter()
                .filter_map(|&query| labels.get(query))
                .copied()
                .collect(),
        }
    }
}

/// Some of the queries.
struct Part<'q> {
    rows: Vec<RowBlock<'q>>,
    itself: Vec<Option<u32>>,
    labels: Vec<u32>,
}
