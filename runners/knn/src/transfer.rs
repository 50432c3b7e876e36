//! From neighbours to scored terms.

use std::mem;

use protea_cafa::{
    dataset::FrozenDataset,
    neighbours::{Neighbour, Neighbours},
    ontology::Term,
};

use crate::{
    composite::Composite,
    references::{Indices, References},
    spec::{KnnSpec, Metric, Vote},
};

/// Marks a term whose nearest neighbour gives it a composite score of 0. No vote is negative.
const ZERO: f64 = -1.0;

/// A neighbour that votes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Voter {
    /// The row of the reference.
    pub(crate) row: u32,
    /// The weight of its vote.
    pub(crate) weight: f64,
}

/// Transfers the terms of neighbours to queries. Each thread needs its own: the tables are reused
/// between queries.
pub(crate) struct Transfer<'r> {
    references: &'r References<'r>,
    indices: &'r Indices,
    spec: &'r KnnSpec,
    /// By term: the votes so far.
    score: Vec<f64>,
    /// The terms with a vote in the current index, in the order of their first vote.
    voted: Vec<Term>,
    composite: Composite<'r>,
}

impl<'r> Transfer<'r> {
    /// Allocates the tables for the ontology of the references.
    pub(crate) fn new(
        references: &'r References<'r>,
        indices: &'r Indices,
        spec: &'r KnnSpec,
        queries: &'r FrozenDataset,
    ) -> Self {
        Self {
            references,
            indices,
            spec,
            score: vec![0.0; references.ontology().len()],
            voted: Vec::new(),
            composite: Composite::new(spec, references, queries),
        }
    }

    /// The terms predicted for a query from the neighbours in list number `list`, each once, with
    /// scores in [0, 1].
    pub(crate) fn predict(
        &mut self,
        neighbours: &Neighbours,
        list: usize,
        query: usize,
    ) -> Vec<(Term, f64)> {
        let mut predicted = Vec::new();
        for index in 0..self.indices.namespaces.len() {
            let neighbours = neighbours.list(list, index);
            self.predict_from(index, neighbours, query, &mut predicted);
        }
        if self.spec.most_specific {
            self.drop_ancestors(&mut predicted);
        }
        predicted
    }

    fn predict_from(
        &mut self,
        index: usize,
        neighbours: &[Neighbour],
        query: usize,
        predicted: &mut Vec<(Term, f64)>,
    ) {
        let spec = self.spec;
        let mut divisor = 0.0;
        for voter in voters(spec, neighbours) {
            divisor += divisor_part(spec.vote, voter.weight);
            let mut composite = match spec.vote {
                Vote::Composite => Some(self.composite.scores(query, voter.row, voter.weight)),
                _ => None,
            };
            for &term in self.references.terms(voter.row as usize) {
                let own = composite.as_mut().and_then(Iterator::next);
                let weight = own.unwrap_or(voter.weight);
                if !self
                    .indices
                    .transfers(index, self.references.ontology().namespace_of(term))
                {
                    continue;
                }
                let score = &mut self.score[term.index()];
                if spec.vote == Vote::Composite {
                    // The nearest neighbour with the term decides, even if its score is 0.
                    if *score == 0.0 {
                        self.voted.push(term);
                        *score = if weight > 0.0 { weight } else { ZERO };
                    }
                    continue;
                }
                // Only positive weights count, so 0 means that there was no vote yet.
                if *score == 0.0 && weight > 0.0 {
                    self.voted.push(term);
                }
                *score = match spec.vote {
                    Vote::Max | Vote::Reliability => score.max(weight),
                    _ => *score + weight,
                };
            }
        }
        for term in self.voted.drain(..) {
            let votes = mem::take(&mut self.score[term.index()]);
            if votes == ZERO {
                continue;
            }
            if let Some(score) = score(spec, votes, divisor) {
                predicted.push((term, score));
            }
        }
    }

    /// Drops every term that has a descendant among the predicted.
    fn drop_ancestors(&mut self, predicted: &mut Vec<(Term, f64)>) {
        let ontology = self.references.ontology();
        let ancestor = &mut self.score;
        let parents: Vec<Term> = predicted
            .iter()
            .flat_map(|(term, _)| ontology.parents(*term))
            .copied()
            .collect();
        let above = ontology.propagate(&parents);
        for term in &above {
            ancestor[term.index()] = 1.0;
        }
        predicted.retain(|(term, _)| ancestor[term.index()] == 0.0);
        for term in above {
            ancestor[term.index()] = 0.0;
        }
    }
}

/// The neighbours of a query that vote, nearest first.
pub(crate) fn voters<'n>(
    spec: &'n KnnSpec,
    neighbours: &'n [Neighbour],
) -> impl Iterator<Item = Voter> + 'n {
    let farthest = spec.distance_threshold.unwrap_or(f64::INFINITY);
    neighbours
        .iter()
        .filter(move |neighbour| distance(spec.metric, neighbour) <= farthest)
        .map(|neighbour| Voter {
            row: neighbour.row,
            weight: weight(spec, neighbour),
        })
}

/// What a voter adds to the divisor of the votes for each term.
pub(crate) fn divisor_part(vote: Vote, weight: f64) -> f64 {
    match vote {
        Vote::Similarity => weight,
        Vote::Fraction | Vote::Gopredsim => 1.0,
        Vote::Max | Vote::Reliability | Vote::Composite => 0.0,
    }
}

/// The score of a term with these votes; `None` if it is not predicted.
fn score(spec: &KnnSpec, votes: f64, divisor: f64) -> Option<f64> {
    let divisor = match spec.vote {
        Vote::Max | Vote::Reliability | Vote::Composite => 1.0,
        Vote::Fraction | Vote::Similarity | Vote::Gopredsim => divisor,
    };
    // Rounding can make the votes exceed the divisor.
    let mut score = (votes / divisor).min(1.0);
    if let Some(decimals) = spec.decimals {
        score = rounded(score, decimals);
        if score == 0.0 {
            return None;
        }
    }
    (score >= spec.minimum_score).then_some(score)
}

/// The nearest decimal number, with ties as in Python's `round`.
fn rounded(score: f64, decimals: u8) -> f64 {
    let text = format!("{score:.*}", usize::from(decimals));
    text.parse().unwrap_or(score)
}

/// The distance that `distance_threshold` applies to: Euclidean, not squared.
pub(crate) fn distance(metric: Metric, neighbour: &Neighbour) -> f64 {
    match metric {
        Metric::Cosine => neighbour.distance,
        Metric::L2 => neighbour.euclidean(),
    }
}

/// The similarity of a neighbour: max(cos, 0), or 0.5 / (0.5 + distance).
pub(crate) fn similarity(metric: Metric, neighbour: &Neighbour) -> f64 {
    match metric {
        Metric::Cosine => (1.0 - neighbour.distance).max(0.0),
        Metric::L2 => 0.5 / (0.5 + neighbour.euclidean()),
    }
}

fn weight(spec: &KnnSpec, neighbour: &Neighbour) -> f64 {
    match (spec.vote, spec.metric) {
        (Vote::Fraction, _) => 1.0,
        // For `l2`, `distance` is the square, as in PROTEA.
        (Vote::Max | Vote::Composite, _) => (1.0 - neighbour.distance / 2.0).max(0.0),
        (_, metric) => similarity(metric, neighbour),
    }
}
