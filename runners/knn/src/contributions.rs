//! Which neighbours gave which term, with which weight.
//!
//! The scores are those of [`Transfer`]: this module takes apart, neighbour by neighbour, what
//! `evaluate` sums up.

use std::collections::{HashMap, HashSet};

use protea_cafa::{
    calibration::{Calibration, calibrated},
    dataset::FrozenDataset,
    explaining::describe,
    neighbours::Neighbours,
    ontology::{Ontology, Term},
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{
    composite::Composite,
    references::{Indices, References},
    spec::{KnnSpec, Vote},
    transfer::{Transfer, distance, divisor_part, similarity, voters},
};

/// The kind of contributor.
pub(crate) const CONTRIBUTORS: &str = "neighbour";

/// One query against the references.
pub(crate) struct Question<'a> {
    pub(crate) spec: &'a KnnSpec,
    pub(crate) references: &'a References<'a>,
    pub(crate) indices: &'a Indices,
    pub(crate) queries: &'a FrozenDataset,
    pub(crate) calibration: Option<&'a Calibration>,
    pub(crate) neighbours: &'a Neighbours,
    /// The number of the query's list in `neighbours`.
    pub(crate) list: usize,
    pub(crate) query: usize,
}

impl Question<'_> {
    fn calibrated(&self, term: Term, score: f64) -> f64 {
        calibrated(self.calibration, self.references.ontology(), term, score)
    }

    /// The explanation of predicted terms, without their names.
    pub(crate) fn evidence(&self, predicted: &[(Term, f64)]) -> Explanation {
        let ontology = self.references.ontology();
        let accession = self.queries.accession(self.query);
        let mut explanation = Explanation::new(accession, CONTRIBUTORS);
        let mut contributions = self.votes();
        for &(term, score) in predicted {
            let mut explained = TermExplanation::new(ontology.id(term), score);
            self.add(&mut explained, term, score, &mut contributions);
            explanation.terms.push(explained);
        }
        explanation.decimals = self.spec.decimals;
        explanation
    }

    /// Adds score and contributions of a term.
    fn add(
        &self,
        explained: &mut TermExplanation,
        term: Term,
        score: f64,
        contributions: &mut HashMap<Term, Vec<Contribution>>,
    ) {
        if self.calibration.is_some() {
            explained.score = self.calibrated(term, score);
            explained.uncalibrated = Some(score);
        }
        explained.combination = match self.spec.vote {
            Vote::Max | Vote::Reliability | Vote::Composite => Combination::Max,
            Vote::Fraction | Vote::Similarity | Vote::Gopredsim => Combination::Sum,
        };
        explained.contributions = contributions.remove(&term).unwrap_or_default();
    }

    /// All terms with a vote, and the one asked about, each with the votes for it.
    pub(crate) fn explained(&self, asked: Option<Term>) -> Vec<TermExplanation> {
        let Self {
            spec,
            references,
            indices,
            queries,
            ..
        } = *self;
        let ontology = references.ontology();
        let scores_by = |spec: &KnnSpec| {
            Transfer::new(references, indices, spec, queries).predict(
                self.neighbours,
                self.list,
                self.query,
            )
        };
        let predicted: HashMap<Term, f64> = scores_by(spec)
            .into_iter()
            .filter(|(term, score)| round_score(self.calibrated(*term, *score)) > 0.0)
            .collect();
        let mut scores = scores_by(&KnnSpec {
            minimum_score: 0.0,
            decimals: None,
            most_specific: false,
            ..spec.clone()
        });
        if let Some(asked) = asked
            && scores.iter().all(|(term, _)| *term != asked)
        {
            scores.push((asked, 0.0));
        }
        let mut contributions = self.votes();
        let explain = |(term, score)| {
            let written = predicted.get(&term);
            let score = *written.unwrap_or(&score);
            let mut explained = describe(ontology, term, score);
            explained.predicted = written.is_some();
            self.add(&mut explained, term, score, &mut contributions);
            explained
        };
        scores.into_iter().map(explain).collect()
    }

    /// By term, the votes for it, the largest first. A composite score has one vote, that of the
    /// nearest neighbour with the term.
    fn votes(&self) -> HashMap<Term, Vec<Contribution>> {
        let Self {
            spec,
            references,
            indices,
            queries,
            ..
        } = *self;
        let ontology = references.ontology();
        let composite = Composite::new(spec, references, queries);
        let mut decided = HashSet::new();
        let mut votes: HashMap<Term, Vec<Contribution>> = HashMap::new();
        for index in 0..indices.namespaces.len() {
            let list = self.neighbours.list(self.list, index);
            let parts = voters(spec, list).map(|voter| divisor_part(spec.vote, voter.weight));
            let divisor = match spec.vote {
                Vote::Max | Vote::Reliability | Vote::Composite => 1.0,
                Vote::Fraction | Vote::Similarity | Vote::Gopredsim => parts.sum(),
            };
            for (position, voter) in voters(spec, list).enumerate() {
                // A vote without weight is not a contribution.
                if voter.weight <= 0.0 && spec.vote != Vote::Composite {
                    continue;
                }
                let mut own = match spec.vote {
                    Vote::Composite => Some(composite.scores(self.query, voter.row, voter.weight)),
                    _ => None,
                };
                let row = voter.row as usize;
                let mut vote =
                    Contribution::new(references.dataset.accession(row), voter.weight / divisor);
                vote.rank = Some(position + 1);
                vote.weight = Some(voter.weight);
                if let Some(neighbour) = list.iter().find(|neighbour| neighbour.row == voter.row) {
                    vote.distance = Some(distance(spec.metric, neighbour));
                    vote.similarity = Some(similarity(spec.metric, neighbour));
                }
                let specific = MostSpecific::new(ontology, references.terms(row));
                for &term in references.terms(row) {
                    let own = own.as_mut().and_then(Iterator::next);
                    if !indices.transfers(index, ontology.namespace_of(term)) {
                        continue;
                    }
                    let mut vote = vote.clone();
                    if let Some(own) = own {
                        if !decided.insert(term) || own <= 0.0 {
                            continue;
                        }
                        (vote.amount, vote.weight) = (own, Some(own));
                    }
                    vote.through = specific.implying(term);
                    votes.entry(term).or_default().push(vote);
                }
            }
        }
        for votes in votes.values_mut() {
            // The sort is stable: of equal votes, the nearer comes first.
            votes.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        }
        votes
    }
}

/// The terms of a protein that have no descendant among its terms.
struct MostSpecific<'o> {
    ontology: &'o Ontology,
    /// Each with its ancestors in ascending order.
    leaves: Vec<(Term, Vec<Term>)>,
}

impl<'o> MostSpecific<'o> {
    /// `terms` are those of a protein with all ancestors, in ascending order.
    fn new(ontology: &'o Ontology, terms: &[Term]) -> Self {
        let has = |term: &Term| terms.binary_search(term).is_ok();
        let leaves = terms
            .iter()
            .filter(|term| !ontology.children(**term).iter().any(has))
            .map(|&leaf| {
                let mut ancestors = ontology.ancestors(leaf);
                ancestors.sort_unstable();
                (leaf, ancestors)
            })
            .collect();
        Self { ontology, leaves }
    }

    /// The ids of those that imply `term` and are not `term` itself.
    fn implying(&self, term: Term) -> Vec<String> {
        let implying = self
            .leaves
            .iter()
            .filter(|(_, ancestors)| ancestors.binary_search(&term).is_ok());
        let mut ids: Vec<String> = implying
            .map(|(leaf, _)| self.ontology.id(*leaf).to_owned())
            .collect();
        ids.sort_unstable();
        ids
    }
}
