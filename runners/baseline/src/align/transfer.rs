//! From hits to scored terms.

use std::mem;

use protea_cafa::{ontology::Term, propagated::PropagatedTerms};

use super::hits::Hit;
use crate::spec::Transfer;

/// Transfers the terms of the references that are hit. Its tables are reused between queries.
pub(super) struct Transferrer<'r> {
    terms: &'r PropagatedTerms,
    transfer: Transfer,
    /// By term: the score so far.
    scores: Vec<f64>,
    /// The terms with a score, in the order of their first vote.
    voted: Vec<Term>,
}

impl<'r> Transferrer<'r> {
    /// `ontology` is the number of terms in the ontology.
    pub(super) fn new(terms: &'r PropagatedTerms, transfer: Transfer, ontology: usize) -> Self {
        Self {
            terms,
            transfer,
            scores: vec![0.0; ontology],
            voted: Vec::new(),
        }
    }

    /// The terms that a query gets from its hits, each once, with scores in [0, 1].
    pub(super) fn predict(&mut self, hits: &[Hit]) -> Vec<(Term, f64)> {
        let divisor: f64 = match self.transfer {
            Transfer::Identity => 1.0,
            Transfer::BitScore => hits.iter().map(|hit| hit.bit_score).sum(),
        };
        for hit in hits {
            let weight = self.weight(hit);
            if weight <= 0.0 {
                continue;
            }
            for &term in self.terms.terms(hit.reference as usize) {
                let score = &mut self.scores[term.index()];
                if *score == 0.0 {
                    self.voted.push(term);
                }
                *score = match self.transfer {
                    Transfer::Identity => score.max(weight),
                    Transfer::BitScore => *score + weight,
                };
            }
        }
        let scores = &mut self.scores;
        self.voted
            .drain(..)
            // Rounding can make the sum exceed the divisor.
            .map(|term| {
                (
                    term,
                    (mem::take(&mut scores[term.index()]) / divisor).min(1.0),
                )
            })
            .collect()
    }

    fn weight(&self, hit: &Hit) -> f64 {
        match self.transfer {
            Transfer::Identity => hit.identity / 100.0,
            Transfer::BitScore => hit.bit_score,
        }
    }
}
