//! Which features gave a term its score, or which neighbours' votes where those stayed.
//!
//! The scores are those of [`Predictor`]: what `evaluate` predicts is taken apart here.

use std::cmp::Reverse;

use protea_cafa::{
    assessment::{open_dataset, with_threads},
    explaining::{describe, find_protein, find_term, specific_first},
    neighbours::Neighbour,
    ontology::Term,
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

/// Answers the request.
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
        let of_query = candidates.iter().flatten().zip(scores.iter().flatten());
        for (candidates, scores) in of_query {
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
            // No neighbour has it.
            let mut lacking = describe(ontology, asked, 0.0);
            lacking.predicted = false;
            terms.push(lacking);
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
            Some(trees) => self.by_features(trees, candidates, wanted, &mut terms)?,
            None => {
                for (term, score) in terms.iter_mut().zip(wanted) {
                    term.contributions = self.votes(candidates.terms[score.by], score.term, list);
                }
            }
        }
        Ok(terms)
    }

    /// What each feature adds to the log odds.
    fn by_features(
        &self,
        trees: &Booster<'_>,
        candidates: &Candidates,
        wanted: &[Score],
        terms: &mut [TermExplanation],
    ) -> Result<(), RunnerError> {
        let ontology = self.predictor.extractor.references().ontology();
        let mut features = Matrix::new(trees.features());
        for score in wanted {
            features.push(candidates.features.row(score.by).iter().copied());
        }
        let contributions = trees.contributions(&features, self.predictor.threads)?;
        let per_row = contributions.chunks(trees.features() + 1);
        for ((term, score), (row, amounts)) in terms.iter_mut().zip(wanted).zip(per_row.enumerate())
        {
            let Some((base, amounts)) = amounts.split_last() else {
                continue;
            };
            let by = candidates.terms[score.by];
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
                    // What is missing has no number in JSON.
                    part.value = value.is_finite().then(|| json!(value));
                    if by != score.term {
                        part.through = vec![ontology.id(by).to_owned()];
                    }
                    part
                })
                .collect();
            term.contributions
                .sort_by(|a, b| b.amount.total_cmp(&a.amount));
        }
        Ok(())
    }

    /// The votes for the candidate whose score it is, the one that counts most first.
    fn votes(&self, by: Term, term: Term, list: &[Neighbour]) -> Vec<Contribution> {
        let references = self.predictor.extractor.references();
        let ontology = references.ontology();
        let metric = self.predictor.spec.metric;
        let whole: f64 = list
            .iter()
            .map(|neighbour| metric.similarity(neighbour))
            .sum();
        let mut votes: Vec<Contribution> = Vec::new();
        for (place, neighbour) in list.iter().enumerate() {
            let (row, weight) = (neighbour.row as usize, metric.similarity(neighbour));
            if weight <= 0.0 || !references.has(row, by) {
                continue;
            }
            let mut vote = Contribution::new(references.dataset().accession(row), weight / whole);
            vote.rank = Some(place + 1);
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
