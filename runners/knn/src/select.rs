//! The neighbours that vote, where that are not simply the k nearest: ties, and sequences too alike.

use std::collections::HashMap;

use protea_cafa::dataset::FrozenDataset;
use rayon::prelude::*;

use crate::{
    neighbours::{
        Index, Labels, Neighbour, Neighbours, RowBlock, SearchError, SearchOptions, Values,
    },
    redundancy,
    spec::KnnSpec,
};

/// So many more than wanted are looked for at first, and so many times more if that was too few.
const MORE: usize = 8;
const TIMES: usize = 4;

/// What is searched, and for whom.
pub struct Question<'q> {
    /// The settings.
    pub spec: &'q KnnSpec,
    /// The references.
    pub index: &'q Index<'q>,
    /// The dataset that they are in.
    pub references: &'q FrozenDataset,
    /// The queries.
    pub queries: &'q FrozenDataset,
    /// Their embeddings.
    pub rows: &'q [RowBlock<'q>],
    /// Per query, the reference that is the query itself.
    pub itself: Option<&'q [Option<u32>]>,
    /// Where they are equal, a reference is no neighbour.
    pub labels: Option<Labels<'q>>,
}

impl Question<'_> {
    /// The neighbours of every query.
    ///
    /// # Errors
    ///
    /// [`SearchError`].
    pub fn answer(
        &self,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, SearchError> {
        if self.are_the_nearest() {
            let options = self.options(self.spec.k as usize, None);
            return self.index.search(self.rows, &options, report);
        }
        self.choose_for((0..self.queries.len()).collect(), report)
    }

    /// The neighbours of one query, the same that [`answer`](Self::answer) gives it; query 0 of the
    /// answer.
    ///
    /// # Errors
    ///
    /// [`SearchError`].
    pub fn answer_one(
        &self,
        query: usize,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, SearchError> {
        if self.are_the_nearest() {
            let part = self.part(&[query]);
            let options = self.options(self.spec.k as usize, Some(&part));
            return self.index.search(&part.rows, &options, report);
        }
        self.choose_for(vec![query], report)
    }

    fn are_the_nearest(&self) -> bool {
        !self.spec.include_ties && self.spec.maximum_identity.is_none()
    }

    /// Looks for more and more neighbours, until every query has enough that may vote.
    fn choose_for(
        &self,
        mut pending: Vec<usize>,
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, SearchError> {
        let k = self.spec.k as usize;
        let groups = self.index.groups();
        let mut chosen: Vec<Option<Vec<Vec<Neighbour>>>> = vec![None; self.queries.len()];
        let mut asked = k.saturating_add(MORE);
        while !pending.is_empty() {
            let part = self.part(&pending);
            let options = self.options(asked, Some(&part));
            let found = self.index.search(&part.rows, &options, report)?;
            let answers = pending
                .par_iter()
                .enumerate()
                .map(|(at, &query)| {
                    if !report(0, 0) {
                        return Err(SearchError::Cancelled);
                    }
                    let mut alike = HashMap::new();
                    Ok((0..groups)
                        .map(|group| self.choose(found.list(at, group), asked, query, &mut alike))
                        .collect::<Option<Vec<_>>>())
                })
                .collect::<Result<Vec<_>, _>>()?;
            for (&query, answer) in pending.iter().zip(answers) {
                chosen[query] = answer;
            }
            pending.retain(|&query| chosen[query].is_none());
            asked = asked.saturating_mul(TIMES);
        }
        let lists = chosen.into_iter().flatten().flatten();
        Ok(Neighbours::of_lists(groups, lists))
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

    /// The nearest ones that may vote; none where more must be looked for.
    fn choose(
        &self,
        list: &[Neighbour],
        asked: usize,
        query: usize,
        alike: &mut HashMap<u32, bool>,
    ) -> Option<Vec<Neighbour>> {
        let k = self.spec.k as usize;
        let mut kept: Vec<Neighbour> = Vec::with_capacity(k.min(list.len()));
        for neighbour in list {
            let full = kept.len() >= k;
            if full && !(self.spec.include_ties && neighbour.distance <= kept[k - 1].distance) {
                return Some(kept);
            }
            if !*alike
                .entry(neighbour.row)
                .or_insert_with(|| self.is_redundant(query, neighbour.row))
            {
                kept.push(*neighbour);
            }
        }
        let all_there_are = list.len() < asked;
        let enough = kept.len() >= k && !self.spec.include_ties;
        (all_there_are || enough).then_some(kept)
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

    /// Some of the queries, with what belongs to them.
    fn part(&self, queries: &[usize]) -> Part<'_> {
        let rows = queries.iter().enumerate().filter_map(|(at, &query)| {
            let place = self.rows.partition_point(|block| block.first_row <= query);
            let block = self.rows[..place].last()?;
            let width = self.index.width();
            let start = (query - block.first_row) * width;
            Some(RowBlock {
                first_row: at,
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

struct Part<'q> {
    rows: Vec<RowBlock<'q>>,
    itself: Vec<Option<u32>>,
    labels: Vec<u32>,
}
