//! From references and queries to predictions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use protea_cafa::{
    calibration::{Calibration, calibrated},
    dataset::FrozenDataset,
    neighbours::Neighbours,
    ontology::Term,
    prediction::PredictionSink,
    search_record::SearchRecord,
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    checks::check_signals,
    contributions::Question,
    partials::Partials,
    references::{HalfRows, Indices, References},
    search::Searcher,
    spec::{KnnSpec, Vote},
    transfer::{Transfer, voters},
};

/// How many queries' terms are in memory at a time.
const BATCH: usize = 1024;
/// The same if neighbours are aligned. That takes long, and a cancellation is noticed between
/// batches. With evidence, each query takes more memory.
const SMALL_BATCH: usize = 64;

/// The terms of a query, before calibration.
pub(crate) struct Predicted {
    pub(crate) query: usize,
    pub(crate) terms: Vec<(Term, f64)>,
    /// Whether any neighbour votes.
    has_voters: bool,
    explanation: Option<Explanation>,
}

/// Predicts for queries.
pub(crate) struct Predictor<'p> {
    pub(crate) spec: &'p KnnSpec,
    pub(crate) references: &'p References<'p>,
    pub(crate) indices: &'p Indices,
    pub(crate) queries: &'p FrozenDataset,
    pub(crate) neighbours: NeighbourSource<'p>,
    pub(crate) calibration: Option<&'p Calibration>,
}

/// Where neighbours come from.
pub(crate) enum NeighbourSource<'p> {
    /// From a search in the references.
    Search(Box<Searcher<'p>>),
    /// From searches in parts of the references.
    Partials(Box<Mutex<Partials>>),
}

impl NeighbourSource<'_> {
    /// How many queries' neighbours to ask for at a time.
    fn block(&self) -> usize {
        match self {
            Self::Search(searcher) => searcher.block(),
            Self::Partials(partials) => locked(partials).block(),
        }
    }

    /// How the search found them; `None` if it was done before.
    pub(crate) fn record(&self) -> Option<&SearchRecord> {
        match self {
            Self::Search(searcher) => Some(&searcher.record),
            Self::Partials(_) => None,
        }
    }

    /// The neighbours of these queries, as [`Searcher::find`].
    ///
    /// # Errors
    ///
    /// Those of [`Searcher::find`]; [`RunnerError::Failed`] for partial results that are damaged.
    pub(crate) fn find(
        &self,
        queries: &[usize],
        emit: &Emitter,
        report: &(dyn Fn(f64) + Sync),
    ) -> Result<Neighbours, RunnerError> {
        match self {
            Self::Search(searcher) => searcher.find(queries, emit, report),
            Self::Partials(partials) => locked(partials).next(queries.len()),
        }
    }
}

fn locked(partials: &Mutex<Partials>) -> MutexGuard<'_, Partials> {
    partials.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a [`Predictor`] borrows.
pub(crate) struct Prepared<'d> {
    halved: Option<HalfRows<'d>>,
    indices: Indices,
}

impl<'d> Prepared<'d> {
    /// The embeddings in half precision, if the spec wants them rounded.
    pub(crate) fn halved(&self) -> Option<&HalfRows<'d>> {
        self.halved.as_ref()
    }

    pub(crate) fn indices(&self) -> &Indices {
        &self.indices
    }

    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the references lack what the spec needs.
    pub(crate) fn new(spec: &KnnSpec, references: &References<'d>) -> Result<Self, RunnerError> {
        Ok(Self {
            halved: spec
                .float16
                .then(|| HalfRows::new(references.dataset, &references.rows))
                .transpose()?,
            indices: references.indices(spec.per_aspect)?,
        })
    }
}

impl<'p> Predictor<'p> {
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when a dataset lacks what the spec needs.
    pub(crate) fn new(
        spec: &'p KnnSpec,
        references: &'p References<'p>,
        prepared: &'p Prepared<'p>,
        queries: &'p FrozenDataset,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        check_signals(spec, references.dataset, queries)?;
        let Prepared { halved, indices } = prepared;
        let halved = halved.as_ref();
        let searcher = Searcher::new(spec, references, halved, indices, queries, emit)?;
        Ok(Self {
            spec,
            references,
            indices,
            queries,
            neighbours: NeighbourSource::Search(Box::new(searcher)),
            calibration: None,
        })
    }

    /// Predicts from neighbours that were found before, for all queries in their order.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when a dataset lacks what the spec needs.
    pub(crate) fn from_partials(
        spec: &'p KnnSpec,
        references: &'p References<'p>,
        indices: &'p Indices,
        queries: &'p FrozenDataset,
        partials: Partials,
    ) -> Result<Self, RunnerError> {
        check_signals(spec, references.dataset, queries)?;
        Ok(Self {
            spec,
            references,
            indices,
            queries,
            neighbours: NeighbourSource::Partials(Box::new(Mutex::new(partials))),
            calibration: None,
        })
    }

    /// Predicts for every query, block by block, so that memory does not grow with their number.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`], [`RunnerError::Failed`] when predictions cannot be written.
    pub(crate) fn predict(
        &self,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let (references, queries) = (self.references, self.queries);
        emit.info(
            "runner.knn.search_start",
            &json!({ "references": references.dataset.len(), "queries": queries.len(), "k": self.spec.k }),
        );
        let ontology = references.ontology();
        let contributions = predictions.contributions();
        let all: Vec<usize> = (0..queries.len()).collect();
        self.for_each(&all, contributions > 0, emit, &mut |predicted| {
            let accession = queries.accession(predicted.query);
            if !predicted.terms.is_empty() {
                let mut terms: Vec<(&str, f64)> = predicted
                    .terms
                    .iter()
                    .map(|&(term, score)| {
                        (
                            ontology.id(term),
                            calibrated(self.calibration, ontology, term, score),
                        )
                    })
                    .collect();
                return predictions.add_explained(accession, &mut terms, predicted.explanation);
            }
            let reason = if predicted.has_voters {
                "no term of its neighbours reaches the minimum score"
            } else {
                "no neighbour within the distance threshold and the exclusions"
            };
            predictions.add_unpredicted(accession, reason)
        })
    }

    /// What the explanation of a query is made of, whose neighbours are in list number `list`.
    pub(crate) fn question<'q>(
        &'q self,
        neighbours: &'q Neighbours,
        list: usize,
        query: usize,
    ) -> Question<'q> {
        Question {
            spec: self.spec,
            references: self.references,
            indices: self.indices,
            queries: self.queries,
            calibration: self.calibration,
            neighbours,
            list,
            query,
        }
    }

    /// Calls `receive` with the terms of each of these queries, in their order.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`]; those of `receive`.
    pub(crate) fn for_each(
        &self,
        queries: &[usize],
        explain: bool,
        emit: &Emitter,
        receive: &mut dyn FnMut(Predicted) -> Result<(), RunnerError>,
    ) -> Result<(), RunnerError> {
        let spec = self.spec;
        let aligns = spec.vote == Vote::Composite && spec.weights.need_sequences();
        let batch = if aligns || explain {
            SMALL_BATCH
        } else {
            BATCH
        };
        let total = queries.len() as u64;
        let mut done = 0;
        for block in queries.chunks(self.neighbours.block()) {
            // A cancellation is noticed in the search.
            let report = |part: f64| {
                emit.progress(done + (part * block.len() as f64) as u64, total);
            };
            let neighbours = self.neighbours.find(block, emit, &report)?;
            for first in (0..block.len()).step_by(batch) {
                emit.check()?;
                let lists = first..block.len().min(first + batch);
                let predicted: Vec<Predicted> = lists
                    .into_par_iter()
                    .map_init(
                        || Transfer::new(self.references, self.indices, spec, self.queries),
                        |transfer, list| {
                            self.predicted(transfer, &neighbours, list, block[list], explain)
                        },
                    )
                    .collect();
                predicted.into_iter().try_for_each(&mut *receive)?;
            }
            done += block.len() as u64;
        }
        emit.progress(total, total);
        Ok(())
    }

    fn predicted(
        &self,
        transfer: &mut Transfer<'_>,
        neighbours: &Neighbours,
        list: usize,
        query: usize,
        explain: bool,
    ) -> Predicted {
        let terms = transfer.predict(neighbours, list, query);
        let votes = |index| {
            voters(self.spec, neighbours.list(list, index))
                .next()
                .is_some()
        };
        let explanation = explain.then(|| {
            let question = self.question(neighbours, list, query);
            question.evidence(&terms)
        });
        Predicted {
            query,
            has_voters: (0..self.indices.namespaces.len()).any(votes),
            terms,
            explanation,
        }
    }
}
