//! From a model and queries to predictions.

use std::ops::Range;

use protea_cafa::{
    assessment::embedding_rows,
    calibration::{Calibration, calibrated},
    dataset::FrozenDataset,
    neighbours::Neighbours,
    prediction::PredictionSink,
    search_record::SearchRecord,
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    contributions::{Explainer, TermNames},
    features::{Candidates, Extractor, Query},
    library::Booster,
    neighbours::Searcher,
    scores::{Score, score},
    spec::LightGbmSpec,
};

/// How many queries' candidates are in memory at a time. With fewer, LightGBM would get too few rows
/// for more than one thread.
const BATCH: usize = 256;

/// Predicts terms for queries.
pub(crate) struct Predictor<'p> {
    pub(crate) extractor: Extractor<'p>,
    /// By namespace, the trees whose scores replace the votes.
    pub(crate) trees: Vec<Option<Booster<'p>>>,
    pub(crate) spec: &'p LightGbmSpec,
    /// Threads for LightGBM; 0 for one per core.
    pub(crate) threads: usize,
    /// The names of the features.
    pub(crate) features: &'p [String],
    pub(crate) calibration: Option<&'p Calibration>,
}

impl Predictor<'_> {
    /// Predicts for every query, block by block, so that memory does not grow with their number, and
    /// returns how the neighbours were found.
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
    ) -> Result<SearchRecord, RunnerError> {
        let references = self.extractor.references();
        emit.info(
            "runner.lightgbm.search_start",
            &json!({
                "references": references.dataset().len(),
                "queries": queries.len(),
                "k": self.spec.k,
            }),
        );
        let searcher = Searcher::new(references, queries, self.spec)?;
        let (total, block) = (queries.len(), searcher.block());
        for first in (0..total).step_by(block) {
            let proteins = first..total.min(first + block);
            // The search is the smaller half of the work.
            let half = proteins.len() as f64 / 2.0;
            let report = |part: f64| {
                emit.progress(first as u64 + (part * half) as u64, total as u64);
            };
            let neighbours = searcher.find(proteins.clone(), emit, &report)?;
            for start in proteins.clone().step_by(BATCH) {
                emit.check()?;
                let done = first as u64 + ((start - first) as f64 / 2.0 + half) as u64;
                emit.progress(done, total as u64);
                let batch = start..proteins.end.min(start + BATCH);
                self.predict_batch(queries, batch, &neighbours, first, predictions)?;
            }
        }
        emit.progress(total as u64, total as u64);
        Ok(searcher.record)
    }

    /// Predicts for consecutive queries. List 0 of `neighbours` belongs to query `first`.
    fn predict_batch(
        &self,
        queries: &FrozenDataset,
        batch: Range<usize>,
        neighbours: &Neighbours,
        first: usize,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let ontology = self.extractor.references().ontology();
        let candidates = self.candidates(queries, batch.clone(), neighbours, first)?;
        let scores = self.scores(&candidates)?;
        for ((query, candidates), scores) in batch.zip(&candidates).zip(scores) {
            let scores: Vec<Vec<Score>> = scores
                .into_iter()
                .map(|mut scores| {
                    scores.retain(|score| score.score >= self.spec.minimum_score);
                    scores
                })
                .collect();
            let mut terms: Vec<(&str, f64)> = scores
                .iter()
                .flatten()
                .map(|score| {
                    let value = calibrated(self.calibration, ontology, score.term, score.score);
                    (ontology.id(score.term), value)
                })
                .collect();
            let accession = queries.accession(query);
            if terms.is_empty() {
                let mut lists = candidates
                    .iter()
                    .map(|candidates| neighbours.list(query - first, candidates.namespace));
                let reason = if lists.any(|list| !list.is_empty()) {
                    "no term of its neighbours reaches the minimum score"
                } else {
                    "no neighbour within the exclusions"
                };
                predictions.add_unpredicted(accession, reason)?;
                continue;
            }
            let evidence = if predictions.contributions() > 0 {
                let explainer = self.explainer();
                let mut evidence = Explanation::new(accession, explainer.contributors());
                for (candidates, scores) in candidates.iter().zip(&scores) {
                    let list = neighbours.list(query - first, candidates.namespace);
                    let terms = explainer.terms(candidates, scores, list, TermNames::LeftOut)?;
                    evidence.terms.extend(terms);
                }
                Some(evidence)
            } else {
                None
            };
            predictions.add_explained(accession, &mut terms, evidence)?;
        }
        Ok(())
    }

    /// What explains the scores.
    pub(crate) fn explainer(&self) -> Explainer<'_> {
        Explainer {
            references: self.extractor.references(),
            trees: &self.trees,
            spec: self.spec,
            threads: self.threads,
            features: self.features,
            calibration: self.calibration,
        }
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
        block: Range<usize>,
        neighbours: &Neighbours,
        first: usize,
    ) -> Result<Vec<Vec<Candidates>>, RunnerError> {
        let blocks = embedding_rows(queries)?;
        let namespaces = Vec::from_iter(0..self.trees.len());
        let candidates = block.into_par_iter().map(|protein| {
            let query = Query {
                dataset: queries,
                blocks: &blocks,
                protein,
                half: None,
            };
            let list = |namespace| neighbours.list(protein - first, namespace);
            let extractor = &self.extractor;
            let aligned = extractor.align(&query, &extractor.rows_to_align(&namespaces, list));
            extractor.candidates(&query, &namespaces, list, &aligned)
        });
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
