//! From candidates to scores: the trees' probabilities or the neighbours' votes.

use protea_cafa::ontology::{Ontology, Term};
use protea_contracts::RunnerError;

use crate::{
    features::Candidates,
    library::{Booster, Matrix},
};

/// The score of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    pub(crate) term: Term,
    /// In [0, 1].
    pub(crate) score: f64,
    /// The index of the candidate that the score comes from: the term itself, or a descendant that
    /// scores higher.
    pub(crate) candidate: usize,
}

/// The scores of the candidates of some proteins in one namespace, by protein and candidate.
/// Without trees they are the votes.
///
/// A term scores at least as much as each of its descendants, because a protein with a descendant
/// also has the term.
///
/// # Errors
///
/// [`RunnerError::Failed`] when LightGBM fails.
pub(crate) fn score(
    ontology: &Ontology,
    candidates: &[&Candidates],
    trees: Option<&Booster<'_>>,
    threads: usize,
) -> Result<Vec<Vec<Score>>, RunnerError> {
    let Some(trees) = trees else {
        let votes =
            |candidates: &&Candidates| propagate(ontology, &candidates.terms, &candidates.votes);
        return Ok(candidates.iter().map(votes).collect());
    };
    let mut features = Matrix::new(trees.features());
    for candidates in candidates {
        features.append(&candidates.features);
    }
    let probabilities = trees.predict(&features, threads)?;
    let candidates = candidates.iter().copied();
    Ok(score_probabilities(ontology, candidates, &probabilities))
}

/// The scores of candidates for which the trees give these probabilities, candidate by candidate.
pub(crate) fn score_probabilities<'c>(
    ontology: &Ontology,
    candidates: impl Iterator<Item = &'c Candidates>,
    mut probabilities: &[f64],
) -> Vec<Vec<Score>> {
    candidates
        .map(|candidates| {
            let (own, others) = probabilities.split_at(candidates.terms.len());
            probabilities = others;
            propagate(ontology, &candidates.terms, own)
        })
        .collect()
}

/// Gives every term the largest of its own score and those of its descendants. `terms` are in
/// ascending order and contain the ancestors of each term.
fn propagate(ontology: &Ontology, terms: &[Term], own: &[f64]) -> Vec<Score> {
    let mut scores: Vec<Score> = terms
        .iter()
        .zip(own)
        .enumerate()
        .map(|(candidate, (&term, &score))| Score {
            term,
            score,
            candidate,
        })
        .collect();
    let mut deepest_first: Vec<usize> = (0..terms.len()).collect();
    deepest_first.sort_by_key(|&at| std::cmp::Reverse(ontology.depth(terms[at])));
    for index in deepest_first {
        let child = scores[index];
        for parent in ontology.parents(child.term) {
            if let Ok(parent) = terms.binary_search(parent)
                && scores[parent].score < child.score
            {
                scores[parent].score = child.score;
                scores[parent].candidate = child.candidate;
            }
        }
    }
    scores
}
