//! Which predicted terms of a protein are written, and how many are left out for which reason.

use std::collections::BTreeSet;

use crate::{
    ontology::{Aspect, Ontology, Term},
    predictions::three_figures,
};

/// How many unknown terms are kept as examples.
const EXAMPLES: usize = 3;

/// What was written, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Proteins with at least one written term.
    pub proteins: u64,
    /// Terms that were written, over all proteins.
    pub predictions: u64,
    /// Roots that the format leaves out.
    pub roots: u64,
    /// Terms of other aspects, ancestors of predicted terms, and terms beyond the limit.
    pub filtered: u64,
    /// Predictions whose term is not in the ontology. Only CAFA's format and JSON can hold them.
    pub unknown: u64,
    /// Some of these terms.
    pub unknown_examples: Vec<String>,
}

/// A predicted term of the current protein.
pub(crate) struct Prediction {
    pub(crate) id: String,
    pub(crate) term: Option<Term>,
    /// As it was read.
    pub(crate) score: String,
}

/// What to leave out.
pub(crate) struct Filter<'f> {
    pub(crate) ontology: &'f Ontology,
    /// Whether the roots, and terms that are not in the ontology, are left out.
    pub(crate) omits_roots: bool,
    /// Only terms of these aspects; empty for all.
    pub(crate) aspects: &'f [Aspect],
    /// The largest number of terms; 0 for all.
    pub(crate) limit: usize,
    /// Whether to leave out terms that have a descendant among the terms.
    pub(crate) most_specific: bool,
}

impl Filter<'_> {
    /// Leaves out terms of a protein, and counts them.
    pub(crate) fn apply(&self, terms: &mut Vec<Prediction>, written: &mut Written) {
        let ontology = self.ontology;
        count_unknown(terms, written);
        if self.omits_roots {
            terms.retain(|prediction| prediction.term.is_some());
            let before = terms.len();
            terms.retain(|prediction| !prediction.term.is_some_and(|term| ontology.is_root(term)));
            written.roots += (before - terms.len()) as u64;
        }
        let before = terms.len();
        if !self.aspects.is_empty() {
            terms.retain(|prediction| {
                let aspect = prediction.term.and_then(|term| ontology.aspect(term));
                aspect.is_some_and(|aspect| self.aspects.contains(&aspect))
            });
        }
        if self.most_specific {
            self.drop_ancestors(terms);
        }
        if self.limit > 0 {
            terms.truncate(self.limit);
        }
        written.filtered += (before - terms.len()) as u64;
    }

    fn drop_ancestors(&self, terms: &mut Vec<Prediction>) {
        let mut ancestors = BTreeSet::new();
        for term in terms.iter().filter_map(|prediction| prediction.term) {
            let above = self.ontology.ancestors(term).into_iter();
            ancestors.extend(above.filter(|other| *other != term).map(Term::index));
        }
        let is_ancestor = |term: Term| ancestors.contains(&term.index());
        terms.retain(|prediction| !prediction.term.is_some_and(is_ancestor));
    }
}

/// Rounds scores as Kaggle wants them. One that is not a number stays as it was read.
pub(crate) fn round_for_kaggle(terms: &mut [Prediction]) {
    for prediction in terms {
        if let Ok(score) = prediction.score.parse() {
            prediction.score = three_figures(score);
        }
    }
}

fn count_unknown(terms: &[Prediction], written: &mut Written) {
    for prediction in terms.iter().filter(|prediction| prediction.term.is_none()) {
        written.unknown += 1;
        let examples = &mut written.unknown_examples;
        if examples.len() < EXAMPLES && !examples.contains(&prediction.id) {
            examples.push(prediction.id.clone());
        }
    }
}
