//! Scores of local alignments of one sequence with many others.
//!
//! A sequence is a row of small numbers here, one per residue. This module must not know letters or
//! substitution matrices.

use crate::{
    kernels::{Aligner, MOST_ALIGNED},
    local_scoring::LocalScoring,
};

/// The score of the best local alignment of `query` with each of `others`, at most 32,767 (T. Smith
/// and M. Waterman, Journal of Molecular Biology 147 (1981) 195). The score does not depend on the
/// processor, and is the same if the two sequences are exchanged.
///
/// # Panics
///
/// When a sequence has a number of `R` or more.
#[must_use]
pub fn local_scores<const R: usize>(
    query: &[u8],
    others: &[&[u8]],
    scoring: &LocalScoring<'_, R>,
) -> Vec<u16> {
    scores_with(Aligner::detect(), query, others, scoring)
}

fn scores_with<const R: usize>(
    aligner: Aligner,
    query: &[u8],
    others: &[&[u8]],
    scoring: &LocalScoring<'_, R>,
) -> Vec<u16> {
    // Batches of similar length: the longest sequence of a batch determines its time.
    let mut by_length: Vec<usize> = (0..others.len()).collect();
    by_length.sort_by_key(|&other| others[other].len());
    let mut scores = vec![0; others.len()];
    let mut rest = &by_length[..];
    let mut found = [0; MOST_ALIGNED];
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(aligner.batch(rest.len()));
        rest = after;
        let sequences: Vec<&[u8]> = batch.iter().map(|&other| others[other]).collect();
        aligner.align(query, &sequences, scoring, &mut found[..batch.len()]);
        for (&other, &score) in batch.iter().zip(&found) {
            scores[other] = score;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [[i8; 4]; 4] = [
        [4, -1, -2, 0],
        [-1, 5, -3, 1],
        [-2, -3, 6, -1],
        [0, 1, -1, 3],
    ];
    const SCORING: LocalScoring<'static, 4> = LocalScoring {
        pairs: &PAIRS,
        gap_first: 7,
        gap_next: 1,
    };

    /// Deterministic sequences of many lengths, some with common parts.
    fn sequences() -> Vec<Vec<u8>> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 % 4
        };
        let mut all: Vec<Vec<u8>> = Vec::new();
        for length in 0..45 {
            let fresh: Vec<u8> = (0..2 * length).map(|_| next()).collect();
            let last = all.last().cloned().unwrap_or_default();
            let similar = [vec![next(), next()], last].concat();
            all.extend([fresh, similar]);
        }
        all
    }

    #[test]
    fn every_instruction_set_finds_the_same_scores() {
        let all = sequences();
        let others: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for query in all.iter().step_by(7) {
            let expected = scores_with(Aligner::Portable, query, &others, &SCORING);
            for count in [0, 1, 16, 17, 32, others.len()] {
                let found = scores_with(Aligner::detect(), query, &others[..count], &SCORING);
                assert_eq!(found, expected[..count], "{:?}", Aligner::detect());
            }
        }
    }

    #[test]
    fn the_score_is_symmetric() {
        let all = sequences();
        let others: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        let scores: Vec<Vec<u16>> = all
            .iter()
            .map(|query| local_scores(query, &others, &SCORING))
            .collect();
        for (one, of_one) in scores.iter().enumerate() {
            for (other, &score) in of_one.iter().enumerate() {
                assert_eq!(score, scores[other][one]);
            }
        }
        assert_eq!(
            local_scores(&[0, 1, 2], &[&[0, 1, 2], &[]], &SCORING),
            [15, 0]
        );
    }
}
