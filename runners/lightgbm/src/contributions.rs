//! Which features gave a term its score; in an aspect in which the votes stay, which neighbours.

use std::cmp::Reverse;

use protea_cafa::{
    calibration::{Calibration, calibrated},
    explaining::describe,
    neighbours::Neighbour,
    ontology::Term,
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{
    features::Candidates,
    library::{Booster, Matrix},
    references::References,
    scores::Score,
    spec::LightGbmSpec,
};

/// Whether explanations have the name and the aspect of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermNames {
    Given,
    LeftOut,
}

/// Explains scores.
pub(crate) struct Explainer<'e> {
    pub(crate) references: &'e References<'e>,
    /// By namespace, the trees whose scores replace the votes.
    pub(crate) trees: &'e [Option<Booster<'e>>],
    pub(crate) spec: &'e LightGbmSpec,
    /// Threads for LightGBM; 0 for one per core.
    pub(crate) threads: usize,
    /// The names of the features.
    pub(crate) features: &'e [String],
    pub(crate) calibration: Option<&'e Calibration>,
}

impl Explainer<'_> {
    fn calibrated(&self, score: &Score) -> f64 {
        let ontology = self.references.ontology();
        calibrated(self.calibration, ontology, score.term, score.score)
    }

    pub(crate) fn contributors(&self) -> &'static str {
        let trees = self.trees;
        match (
            trees.iter().any(Option::is_some),
            trees.iter().all(Option::is_some),
        ) {
            (_, true) => "feature",
            (true, false) => "feature or neighbour",
            (false, false) => "neighbour",
        }
    }

    pub(crate) fn is_predicted(&self, score: &Score) -> bool {
        score.score >= self.spec.minimum_score && round_score(self.calibrated(score)) > 0.0
    }

    /// The explanations of some scores of a protein in a namespace, in which its neighbours are
    /// `list`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when LightGBM fails.
    pub(crate) fn terms(
        &self,
        candidates: &Candidates,
        wanted: &[Score],
        list: &[Neighbour],
        names: TermNames,
    ) -> Result<Vec<TermExplanation>, RunnerError> {
        let ontology = self.references.ontology();
        let mut terms: Vec<TermExplanation> = wanted
            .iter()
            .map(|score| {
                let calibrated = self.calibrated(score);
                let mut term = match names {
                    TermNames::Given => describe(ontology, score.term, calibrated),
                    TermNames::LeftOut => TermExplanation::new(ontology.id(score.term), calibrated),
                };
                term.predicted = self.is_predicted(score);
                if self.calibration.is_some() {
                    term.uncalibrated = Some(score.score);
                }
                term
            })
            .collect();
        match &self.trees[candidates.namespace] {
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
        let ontology = self.references.ontology();
        let mut features = Matrix::new(trees.features());
        for score in wanted {
            features.push(candidates.features.row(score.candidate).iter().copied());
        }
        let contributions = trees.contributions(&features, self.threads)?;
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
                .features
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
        let references = self.references;
        let ontology = references.ontology();
        let metric = self.spec.metric;
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
