//! From hits to scored terms.

use std::mem;

use protea_cafa::{ontology::Term, propagated::PropagatedTerms};
use protea_contracts::prelude::*;

use super::{database::References, hits::Hit};
use crate::{predicted::Predicted, spec::Transfer};

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
        let divisor = self.divisor(hits);
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

    /// The explanation of predicted terms by the hits that have them, without their names.
    pub(super) fn explain(
        &self,
        references: &References,
        hits: &[Hit],
        predicted: &Predicted<'_>,
    ) -> Explanation {
        let divisor = self.divisor(hits);
        let terms = predicted.terms.iter().map(|&(term, score)| {
            let mut explained = TermExplanation::new(references.ontology.id(term), score);
            explained.combination = match self.transfer {
                Transfer::Identity => Combination::Max,
                Transfer::BitScore => Combination::Sum,
            };
            let with_term = hits.iter().enumerate().filter(|(_, hit)| {
                let terms = self.terms.terms(hit.reference as usize);
                self.weight(hit) > 0.0 && terms.binary_search(&term).is_ok()
            });
            explained.contributions = with_term
                .map(|(rank, hit)| {
                    let accession = &references.accessions[hit.reference as usize];
                    let mut part = Contribution::new(accession, self.weight(hit) / divisor);
                    part.rank = Some(rank + 1);
                    part.similarity = Some(hit.identity / 100.0);
                    part.weight = Some(self.weight(hit));
                    part
                })
                .collect();
            // The sort is stable: of equal amounts, the larger bit score comes first.
            explained
                .contributions
                .sort_by(|a, b| b.amount.total_cmp(&a.amount));
            explained
        });
        let mut explanation = Explanation::new(predicted.accession, "hit");
        explanation.terms = terms.collect();
        explanation
    }

    fn divisor(&self, hits: &[Hit]) -> f64 {
        match self.transfer {
            Transfer::Identity => 1.0,
            Transfer::BitScore => hits.iter().map(|hit| hit.bit_score).sum(),
        }
    }

    fn weight(&self, hit: &Hit) -> f64 {
        match self.transfer {
            Transfer::Identity => hit.identity / 100.0,
            Transfer::BitScore => hit.bit_score,
        }
    }
}
