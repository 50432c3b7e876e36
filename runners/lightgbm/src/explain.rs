//! Which features gave a term its score; in an aspect in which the votes stay, which neighbours.
//!
//! The scores are those of [`Predictor`]: this module takes apart what `evaluate` predicts.

use std::cmp::Reverse;

use protea_cafa::{
    assessment::open_dataset,
    explaining::{describe, find_protein, find_term, specific_first},
    neighbours::Neighbour,
    ontology::Term,
    prediction::with_threads,
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{
    features::{Candidates, Extractor},
    library::{Booster, Matrix},
    model::Model,
    neighbours::among_all,
    predict::Predictor,
    references::References,
    scores::Score,
    statistics::Statistics,
};

/// Explains the terms of a protein.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term; otherwise those of `evaluate`.
pub(crate) fn explain(
    request: &ExplainRequest,
    emit: &Emitter,
) -> Result<Explanation, RunnerError> {
    let model: Model = request.read_model()?;
    let path = request.model_path()?;
    let queries = open_dataset(&request.dataset_dir()?)?;
    let query = find_protein(&queries, &request.accession)?;
    model.check(&queries, emit)?;
    let library = model.open_library()?;
    let reference_set = model.open_references(&path)?;
    let components = model.read_components(&path)?;
    with_threads(request.threads, || {
        let references = References::open(&reference_set, emit)?;
        let ontology = references.ontology();
        let asked = request
            .term
            .as_deref()
            .map(|id| find_term(ontology, id))
            .transpose()?;
        let spec = &model.reference.spec;
        let statistics = Statistics::of_all(&references);
        let predictor = Predictor {
            extractor: Extractor::new(&references, statistics, &model.schema, &components, spec),
            trees: model.read_trees(library.as_ref(), ontology, &path)?,
            spec,
            threads: request.threads,
        };
        let only = query..query + 1;
        let neighbours = among_all(&references, &queries, only.clone(), spec, emit)?;
        let candidates = predictor.candidates(&queries, only, &neighbours, query)?;
        let scores = predictor.scores(&candidates)?;
        let explainer = Explainer {
            predictor: &predictor,
            names: &model.schema.features,
        };
        let mut terms = Vec::new();
        let mut predicted = 0;
        let by_namespace = candidates.iter().flatten().zip(scores.iter().flatten());
        for (candidates, scores) in by_namespace {
            let list = neighbours.list(0, candidates.namespace);
            predicted += scores
                .iter()
                .filter(|score| explainer.is_predicted(score))
                .count();
            let wanted: Vec<Score> = scores
                .iter()
                .filter(|score| match asked {
                    Some(asked) => score.term == asked,
                    None => explainer.is_predicted(score),
                })
                .copied()
                .collect();
            terms.extend(explainer.terms(candidates, &wanted, list)?);
        }
        if let Some(asked) = asked
            && terms.is_empty()
        {
            // No neighbour has the term.
            let mut without_votes = describe(ontology, asked, 0.0);
            without_votes.predicted = false;
            terms.push(without_votes);
        }
        specific_first(ontology, &mut terms);
        let mut explanation = Explanation::new(&request.accession, explainer.contributors())
            .with_terms(terms, request.limit)
            .with_extra("references", reference_set.manifest().name.as_str())
            .with_extra("spec", json!(spec));
        explanation.predicted = predicted;
        Ok(explanation)
    })
}

struct Explainer<'e> {
    predictor: &'e Predictor<'e>,
    names: &'e [String],
}

impl Explainer<'_> {
    fn contributors(&self) -> &'static str {
        let trees = &self.predictor.trees;
        match (
            trees.iter().any(Option::is_some),
            trees.iter().all(Option::is_some),
        ) {
            (_, true) => "feature",
            (true, false) => "feature or neighbour",
            (false, false) => "neighbour",
        }
    }

    fn is_predicted(&self, score: &Score) -> bool {
        score.score >= self.predictor.spec.minimum_score && round_score(score.score) > 0.0
    }

    fn terms(
        &self,
        candidates: &Candidates,
        wanted: &[Score],
        list: &[Neighbour],
    ) -> Result<Vec<TermExplanation>, RunnerError> {
        let ontology = self.predictor.extractor.references().ontology();
        let mut terms: Vec<TermExplanation> = wanted
            .iter()
            .map(|score| {
                let mut term = describe(ontology, score.term, score.score);
                term.predicted = self.is_predicted(score);
                term
            })
            .collect();
        match &self.predictor.trees[candidates.namespace] {
            Some(trees) => self.explain_by_features(trees, candidates, wanted, &mut terms)?,
            None => {
                for (term, score) in terms.iter_mut().zip(wanted) {
                    term.contributions =
                        self.votes(candidates.terms[score.candidate], score.term, list);
                }
            }
        }
        Ok(terms)
    }

    /// Adds the contribution of each feature to the log odds.
    fn explain_by_features(
        &self,
        trees: &Booster<'_>,
        candidates: &Candidates,
        wanted: &[Score],
        terms: &mut [TermExplanation],
    ) -> Result<(), RunnerError> {
        let ontology = self.predictor.extractor.references().ontology();
        let mut features = Matrix::new(trees.features());
        for score in wanted {
            features.push(candidates.features.row(score.candidate).iter().copied());
        }
        let contributions = trees.contributions(&features, self.predictor.threads)?;
        let per_row = contributions.chunks(trees.features() + 1);
        for ((term, score), (row, amounts)) in terms.iter_mut().zip(wanted).zip(per_row.enumerate())
        {
            let Some((base, amounts)) = amounts.split_last() else {
                continue;
            };
            let source = candidates.terms[score.candidate];
            term.combination = Combination::LogisticSum;
            term.base = *base;
            term.contributions = self
                .names
                .iter()
                .zip(amounts)
                .zip(features.row(row))
                .filter(|((_, amount), _)| **amount != 0.0)
                .map(|((name, amount), value)| {
                    let mut part = Contribution::new(name, *amount);
                    // JSON has no NaN, which stands for a missing value.
                    part.value = value.is_finite().then(|| json!(value));
                    if source != score.term {
                        part.through = vec![ontology.id(source).to_owned()];
                    }
                    part
                })
                .collect();
            term.contributions
                .sort_by(|a, b| b.amount.total_cmp(&a.amount));
        }
        Ok(())
    }

    /// The votes for the candidate that gave `term` its score, the largest first.
    fn votes(&self, candidate: Term, term: Term, list: &[Neighbour]) -> Vec<Contribution> {
        let references = self.predictor.extractor.references();
        let ontology = references.ontology();
        let metric = self.predictor.spec.metric;
        let divisor: f64 = list
            .iter()
            .map(|neighbour| metric.similarity(neighbour))
            .sum();
        let mut votes: Vec<Contribution> = Vec::new();
        for (position, neighbour) in list.iter().enumerate() {
            let (row, weight) = (neighbour.row as usize, metric.similarity(neighbour));
            if weight <= 0.0 || !references.has(row, candidate) {
                continue;
            }
            let mut vote = Contribution::new(references.dataset().accession(row), weight / divisor);
            vote.rank = Some(position + 1);
            vote.distance = Some(metric.distance(neighbour));
            vote.similarity = Some(weight);
            vote.weight = Some(weight);
            vote.through = references
                .terms(row)
                .filter(|&(leaf, specific)| specific && leaf != term)
                .filter(|(leaf, _)| ontology.ancestors(*leaf).contains(&term))
                .map(|(leaf, _)| ontology.id(leaf).to_owned())
                .collect();
            votes.push(vote);
        }
        votes.sort_by_key(|vote| Reverse(vote.weight.map(f64::to_bits)));
        votes
    }
}
