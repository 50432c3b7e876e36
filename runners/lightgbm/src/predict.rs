//! From a model and queries to predictions.

use protea_cafa::{
    assessment::embedding_rows, dataset::FrozenDataset, neighbours::Neighbours,
    prediction::PredictionSink,
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    features::{Candidates, Extractor, Query},
    library::Booster,
    neighbours::among_all,
    scores::{Score, score},
    spec::LightGbmSpec,
};

/// How many queries' candidates are in memory at a time.
const BATCH: usize = 64;

/// Predicts terms for queries.
pub(crate) struct Predictor<'p> {
    pub(crate) extractor: Extractor<'p>,
    /// By namespace, the trees whose scores replace the votes.
    pub(crate) trees: Vec<Option<Booster<'p>>>,
    pub(crate) spec: &'p LightGbmSpec,
    /// Threads for LightGBM; 0 for one per core.
    pub(crate) threads: usize,
}

impl Predictor<'_> {
    /// Predicts for every query.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`], [`RunnerError::Failed`] when LightGBM fails or predictions
    /// cannot be written.
    pub(crate) fn predict(
        &self,
        queries: &FrozenDataset,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let references = self.extractor.references();
        emit.info(
            "runner.lightgbm.search_start",
            &json!({
                "references": references.dataset().len(),
                "queries": queries.len(),
                "k": self.spec.k,
            }),
        );
        let all = 0..queries.len();
        let neighbours = among_all(references, queries, all, self.spec, emit)?;
        let ontology = references.ontology();
        for first in (0..queries.len()).step_by(BATCH) {
            emit.check()?;
            emit.progress(first as u64, queries.len() as u64);
            let block = first..queries.len().min(first + BATCH);
            let candidates = self.candidates(queries, block.clone(), &neighbours, 0)?;
            let scores = self.scores(&candidates)?;
            for (query, scores) in block.zip(scores) {
                let mut terms: Vec<(&str, f64)> = scores
                    .into_iter()
                    .flatten()
                    .filter(|score| score.score >= self.spec.minimum_score)
                    .map(|score| (ontology.id(score.term), score.score))
                    .collect();
                let accession = queries.accession(query);
                if terms.is_empty() {
                    predictions.add_unpredicted(
                        accession,
                        "no term of its neighbours reaches the minimum score",
                    )?;
                } else {
                    predictions.add(accession, &mut terms)?;
                }
            }
        }
        emit.progress(queries.len() as u64, queries.len() as u64);
        Ok(())
    }

    /// The candidates of consecutive queries, by query and namespace. List 0 of `neighbours`
    /// belongs to query `first`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without embeddings.
    pub(crate) fn candidates(
        &self,
        queries: &FrozenDataset,
        block: std::ops::Range<usize>,
        neighbours: &Neighbours,
        first: usize,
    ) -> Result<Vec<Vec<Candidates>>, RunnerError> {
        let blocks = embedding_rows(queries)?;
        let namespaces = Vec::from_iter(0..self.trees.len());
        let candidates = block.into_par_iter().map_init(
            || self.extractor.tables(),
            |tables, protein| {
                let query = Query {
                    dataset: queries,
                    blocks: &blocks,
                    protein,
                    half: None,
                };
                let list = |namespace| neighbours.list(protein - first, namespace);
                let extractor = &self.extractor;
                let aligned = extractor.align(&query, &namespaces, list);
                extractor.candidates(&query, &namespaces, list, &aligned, tables)
            },
        );
        Ok(candidates.collect())
    }

    /// The scores of candidates, by query and namespace.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when LightGBM fails.
    pub(crate) fn scores(
        &self,
        candidates: &[Vec<Candidates>],
    ) -> Result<Vec<Vec<Vec<Score>>>, RunnerError> {
        let ontology = self.extractor.references().ontology();
        let mut scores = vec![Vec::with_capacity(self.trees.len()); candidates.len()];
        for (namespace, trees) in self.trees.iter().enumerate() {
            let here: Vec<&Candidates> = candidates
                .iter()
                .map(|namespaces| &namespaces[namespace])
                .collect();
            let scored = score(ontology, &here, trees.as_ref(), self.threads)?;
            for (scores, scored) in scores.iter_mut().zip(scored) {
                scores.push(scored);
            }
        }
        Ok(scores)
    }
}
