//! The neighbours that vote, if they are not simply the k nearest: ties count too, or sequences
//! that are too similar do not.

use std::collections::HashMap;

use protea_cafa::{
    assessment::chosen_rows,
    dataset::FrozenDataset,
    neighbours::{
        Index, Labels, Neighbour, NeighbourSearchError, Neighbours, RowBlock, SearchOptions,
    },
    redundancy,
    relatives::Relatives,
    search_record::SearchRecord,
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
    /// The embeddings of all queries.
    pub(crate) rows: &'q [RowBlock<'q>],
    /// Which references are too closely related to a query to vote, if any are.
    pub(crate) relatives: Option<&'q Relatives>,
    /// Takes note of how the index searches.
    pub(crate) record: &'q SearchRecord,
}

impl Selection<'_> {
    /// The neighbours of these queries, in their order.
    ///
    /// # Errors
    ///
    /// [`NeighbourSearchError::Cancelled`] when `report` returns `false`; [`NeighbourSearchError`] for invalid input.
    pub(crate) fn find(
        &self,
        queries: &[usize],
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        if self.spec.include_ties || self.spec.maximum_identity.is_some() {
            return self.choose_for(queries, report);
        }
        self.nearest(self.spec.k as usize, queries, report)
    }

    /// The `k` nearest neighbours of these queries.
    fn nearest(
        &self,
        k: usize,
        queries: &[usize],
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let itself: Option<Vec<Option<u32>>> = self.spec.exclude_self.then(|| {
            let row = |&query: &usize| self.references.index_of(self.queries.accession(query));
            let rows = queries.iter().map(row);
            rows.map(|row| row.and_then(|row| u32::try_from(row).ok()))
                .collect()
        });
        let of_queries = self
            .relatives
            .map(|relatives| relatives.of_queries(queries.iter().copied()));
        let labels = self.relatives.zip(of_queries.as_deref());
        let labels = labels.map(|(relatives, queries)| Labels {
            queries,
            references: relatives.of_references(),
        });
        let options = SearchOptions {
            exclude: itself.as_deref(),
            labels: labels.as_slice(),
            ..SearchOptions::nearest(k)
        };
        let rows = chosen_rows(self.rows, self.index.width(), queries);
        let found = self.index.search(&rows, &options, report)?;
        self.record.note(&found);
        Ok(found)
    }

    /// Searches for more and more neighbours until every query has enough that may vote.
    fn choose_for(
        &self,
        queries: &[usize],
        report: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Neighbours, NeighbourSearchError> {
        let k = self.spec.k as usize;
        let groups = self.index.groups();
        let mut chosen: Vec<Option<Vec<Vec<Neighbour>>>> = vec![None; queries.len()];
        let mut pending: Vec<usize> = (0..queries.len()).collect();
        let mut wanted = k.saturating_add(EXTRA);
        while !pending.is_empty() {
            let part: Vec<usize> = pending.iter().map(|&at| queries[at]).collect();
            let found = self.nearest(wanted, &part, report)?;
            let answers = part
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
            for (&at, answer) in pending.iter().zip(answers) {
                chosen[at] = answer;
            }
            pending.retain(|&at| chosen[at].is_none());
            wanted = wanted.saturating_mul(GROWTH);
        }
        let lists = chosen.into_iter().flatten().flatten();
        Ok(Neighbours::from_lists(groups, lists))
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
}
