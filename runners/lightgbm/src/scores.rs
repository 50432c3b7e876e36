//! From candidates to scores: the trees' probabilities or the neighbours' votes.

use protea_cafa::ontology::{Ontology, Term};
use protea_contracts::RunnerError;

use crate::{
    features::Candidates,
    library::{Booster, Matrix},
};

/// The score of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The term.
    pub term: Term,
    /// Its score, in [0, 1].
    pub score: f64,
    /// The candidate whose own score it is: the term itself, or a descendant that scores higher.
    pub by: usize,
}

/// The scores of the candidates of some proteins in one namespace, protein by protein, candidate by
/// candidate. Without trees they are the votes.
///
/// A term scores at least what each of its descendants scores: who has those has it too.
///
/// # Errors
///
/// [`RunnerError::Failed`] when LightGBM fails.
pub fn score(
    ontology: &Ontology,
    candidates: &[&Candidates],
    trees: Option<&Booster<'_>>,
    threads: usize,
) -> Result<Vec<Vec<Score>>, RunnerError> {
    let Some(trees) = trees else {
        let votes =
            |candidates: &&Candidates| carry_up(ontology, &candidates.terms, &candidates.votes);
        return Ok(candidates.iter().map(votes).collect());
    };
    let mut features = Matrix::new(trees.features());
    for candidates in candidates {
        features.append(&candidates.features);
    }
    let mut probabilities = &trees.predict(&features, threads)?[..];
    Ok(candidates
        .iter()
        .map(|candidates| {
            let (own, others) = probabilities.split_at(candidates.terms.len());
            probabilities = others;
            carry_up(ontology, &candidates.terms, own)
        })
        .collect())
}

/// Gives every term the largest score of its own and its descendants'. `terms` ascend, and hold the
/// ancestors of each of them.
fn carry_up(ontology: &Ontology, terms: &[Term], own: &[f64]) -> Vec<Score> {
    let mut scores: Vec<Score> = terms
        .iter()
        .zip(own)
        .enumerate()
        .map(|(by, (&term, &score))| Score { term, score, by })
        .collect();
    let mut deepest_first: Vec<usize> = (0..terms.len()).collect();
    deepest_first.sort_by_key(|&at| std::cmp::Reverse(ontology.depth(terms[at])));
    for at in deepest_first {
        let below = scores[at];
        for parent in ontology.parents(below.term) {
            if let Ok(parent) = terms.binary_search(parent)
                && scores[parent].score < below.score
            {
                scores[parent].score = below.score;
                scores[parent].by = below.by;
            }
        }
    }
    scores
}
