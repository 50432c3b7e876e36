//! The search for neighbours: for training proteins among the other folds, for queries among all
//! references.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use protea_cafa::{
    assessment::{chosen_rows, embedding_rows},
    dataset::FrozenDataset,
    neighbours::{
        Index, Labels, Neighbour, NeighbourSearchError, Neighbours, RowBlock, SearchOptions,
    },
    relatives::Relatives,
    search_record::SearchRecord,
};
use protea_contracts::prelude::*;

use crate::{folds::Folds, references::References, spec::LightGbmSpec};

/// The neighbours of every training protein from the other folds.
///
/// # Errors
///
/// [`RunnerError::Cancelled`], [`RunnerError::Failed`].
pub(crate) fn out_of_fold(
    references: &References<'_>,
    folds: &Folds,
    spec: &LightGbmSpec,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let dataset = references.dataset();
    let relatives = spec.exclusions().relatives(dataset, dataset)?;
    // A reference with a label of the query, its fold or its clade, is never its neighbour.
    let relatives = relatives.as_ref().map(Relatives::of_references);
    let labels: Vec<Labels<'_>> = [Some(&*folds.fold), relatives]
        .into_iter()
        .flatten()
        .map(|labels| Labels {
            queries: labels,
            references: labels,
        })
        .collect();
    let options = SearchOptions {
        labels: &labels,
        ..SearchOptions::nearest(spec.k as usize)
    };
    let index = references.index(spec)?;
    let proteins = dataset.len();
    let report = |part: f64| {
        emit.progress((part * proteins as f64) as u64, proteins as u64);
    };
    search(&index, &embedding_rows(dataset)?, &options, emit, &report)
}

/// Bytes of neighbours in memory at a time.
const BLOCK_BYTES: usize = 64 << 20;
/// The most queries that are searched for at a time. With fewer, the references are read more often.
const LARGEST_BLOCK: usize = 8192;

/// The references, ready to be searched for the neighbours of queries.
pub(crate) struct Searcher<'s> {
    references: &'s References<'s>,
    queries: &'s FrozenDataset,
    /// The embeddings of the queries.
    rows: Vec<RowBlock<'s>>,
    index: Index<'s>,
    /// Which references are too closely related to a query to suggest terms, if any are.
    relatives: Option<Relatives>,
    k: usize,
    pub(crate) record: SearchRecord,
}

impl<'s> Searcher<'s> {
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without embeddings, or without the taxa that the spec needs;
    /// [`RunnerError::Failed`] when the index cannot be made.
    pub(crate) fn new(
        references: &'s References<'s>,
        queries: &'s FrozenDataset,
        spec: &LightGbmSpec,
    ) -> Result<Self, RunnerError> {
        Ok(Self {
            references,
            queries,
            rows: embedding_rows(queries)?,
            index: references.index(spec)?,
            relatives: spec.exclusions().relatives(references.dataset(), queries)?,
            k: spec.k as usize,
            record: SearchRecord::default(),
        })
    }

    /// How many queries to search for at a time, so that their neighbours do not exceed
    /// `BLOCK_BYTES`.
    pub(crate) fn block(&self) -> usize {
        let k = self.k.min(self.index.rows().max(1));
        let bytes = k * self.index.groups() * size_of::<Neighbour>();
        (BLOCK_BYTES / bytes).clamp(1, LARGEST_BLOCK)
    }

    /// The neighbours of some consecutive queries among all references except the query itself.
    /// `report` gets the part that is done, in [0, 1], which never falls.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`], [`RunnerError::Failed`].
    pub(crate) fn find(
        &self,
        proteins: Range<usize>,
        emit: &Emitter,
        report: &(dyn Fn(f64) + Sync),
    ) -> Result<Neighbours, RunnerError> {
        let dataset = self.references.dataset();
        let itself: Vec<Option<u32>> = proteins
            .clone()
            .map(|query| dataset.index_of(self.queries.accession(query)))
            .map(|row| row.and_then(|row| u32::try_from(row).ok()))
            .collect();
        let of_queries = self
            .relatives
            .as_ref()
            .map(|relatives| relatives.of_queries(proteins.clone()));
        let labels = self.relatives.as_ref().zip(of_queries.as_deref());
        let labels = labels.map(|(relatives, queries)| Labels {
            queries,
            references: relatives.of_references(),
        });
        let options = SearchOptions {
            exclude: Some(&itself),
            labels: labels.as_slice(),
            ..SearchOptions::nearest(self.k)
        };
        let wanted: Vec<usize> = proteins.collect();
        let rows = chosen_rows(&self.rows, self.index.width(), &wanted);
        let found = search(&self.index, &rows, &options, emit, report)?;
        self.record.note(&found);
        Ok(found)
    }
}

/// `report` gets the part that is done, in [0, 1].
fn search(
    index: &Index<'_>,
    queries: &[RowBlock<'_>],
    options: &SearchOptions<'_>,
    emit: &Emitter,
    report: &(dyn Fn(f64) + Sync),
) -> Result<Neighbours, RunnerError> {
    // Threads report in any order; the reported part never falls.
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
    let found = index.search(queries, options, &report);
    found.map_err(|error| match error {
        NeighbourSearchError::Cancelled => RunnerError::Cancelled,
        error => RunnerError::failed(format!("the neighbour search failed: {error}")),
    })
}
