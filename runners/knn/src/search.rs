//! The search for the neighbours of queries, some queries at a time.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use protea_cafa::{
    assessment::{embedding_rows, embedding_rows_of},
    dataset::FrozenDataset,
    neighbours::{self, Index, Membership, Neighbour, NeighbourSearchError, Neighbours, RowBlock},
    reference_index::IndexFiles,
    relatives::Relatives,
    search_record::SearchRecord,
};
use protea_contracts::prelude::*;

use crate::{
    checks::check_sequences,
    references::{HalfRows, Indices, References},
    select::Selection,
    spec::{KnnSpec, Metric},
};

/// Bytes of neighbours in memory at a time.
const BLOCK_BYTES: usize = 64 << 20;
/// The most queries that are searched for at a time. With fewer, the references are read more often.
const LARGEST_BLOCK: usize = 8192;

/// The references, ready to be searched for the neighbours of queries.
pub(crate) struct Searcher<'s> {
    spec: &'s KnnSpec,
    index: Index<'s>,
    references: &'s FrozenDataset,
    /// The references that are searched.
    searched: Range<usize>,
    queries: &'s FrozenDataset,
    /// The embeddings of the queries.
    rows: Vec<RowBlock<'s>>,
    /// Which references are too closely related to a query to vote, if any are.
    relatives: Option<Relatives>,
    pub(crate) record: SearchRecord,
}

impl<'s> Searcher<'s> {
    /// Prepares the references. `halved` are their embeddings in half precision, if the spec wants
    /// them rounded.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when a dataset lacks what the spec needs; [`RunnerError::Failed`]
    /// when the index cannot be made.
    pub(crate) fn new(
        spec: &'s KnnSpec,
        references: &References<'s>,
        halved: Option<&'s HalfRows<'s>>,
        indices: &Indices,
        queries: &'s FrozenDataset,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        if spec.maximum_identity.is_some() {
            check_sequences(references.dataset, "maximum_identity")?;
            check_sequences(queries, "maximum_identity")?;
        }
        let relatives = spec.exclusions().relatives(references.dataset, queries)?;
        let rows = match halved {
            Some(halved) => halved.rows(),
            None => embedding_rows_of(references.dataset, &references.rows)?,
        };
        let index = IndexFiles::of_user()
            .index(
                (references.dataset, &references.rows),
                rows,
                Membership::Masks {
                    masks: &indices.masks,
                    groups: indices.namespaces.len(),
                },
                match spec.metric {
                    Metric::Cosine => neighbours::DistanceMetric::Cosine,
                    Metric::L2 => neighbours::DistanceMetric::L2,
                },
                emit,
            )
            .or_failed("preparing the references")?;
        Ok(Self {
            spec,
            index,
            references: references.dataset,
            searched: references.rows.clone(),
            queries,
            rows: embedding_rows(queries)?,
            relatives,
            record: SearchRecord::default(),
        })
    }

    /// How many queries to search for at a time, so that their neighbours do not exceed
    /// `BLOCK_BYTES`.
    pub(crate) fn block(&self) -> usize {
        let k = (self.spec.k as usize).min(self.index.rows().max(1));
        let bytes = k * self.index.groups() * size_of::<Neighbour>();
        (BLOCK_BYTES / bytes).clamp(1, LARGEST_BLOCK)
    }

    /// How many indices there are.
    pub(crate) fn groups(&self) -> usize {
        self.index.groups()
    }

    /// The neighbours of these queries in each index. List `i` is that of `queries[i]`. Rows are those of
    /// the dataset of the references, also if only a part of it is searched. `report` gets
    /// the part that is done, in [0, 1], which never falls.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`]; [`RunnerError::Failed`] when the search fails.
    pub(crate) fn find(
        &self,
        queries: &[usize],
        emit: &Emitter,
        report: &(dyn Fn(f64) + Sync),
    ) -> Result<Neighbours, RunnerError> {
        let selection = Selection {
            spec: self.spec,
            index: &self.index,
            references: self.references,
            searched: self.searched.clone(),
            queries: self.queries,
            rows: &self.rows,
            relatives: self.relatives.as_ref(),
            record: &self.record,
        };
        // Threads report in any order.
        let reported = Mutex::new(0.0);
        let report = |done: u64, total: u64| {
            let part = done as f64 / total.max(1) as f64;
            let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
            if part > *reported {
                *reported = part;
                report(part);
            }
            !emit.is_cancelled()
        };
        let found = selection.find(queries, &report);
        let found = found.map(|found| found.shifted(self.searched.start as u32));
        found.map_err(|error| match error {
            NeighbourSearchError::Cancelled => RunnerError::Cancelled,
            error => RunnerError::failed(format!("the neighbour search failed: {error}")),
        })
    }
}
