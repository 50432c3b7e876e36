//! Sequence similarity by local alignment.
//!
//! [`identity`] compares two sequences, for example to exclude training proteins that are too
//! similar to a test protein. [`local_scores`] aligns one sequence with many. Both use the best
//! local alignment (T. Smith and M. Waterman, Journal of Molecular Biology 147 (1981) 195) with
//! BLOSUM62 and the gap costs of BLAST: 11 for the first residue of a gap and 1 for each further
//! residue. If several alignments have the best score, [`identity`] uses the one with the fewest
//! identical residues, so that extending an alignment without raising its score does not raise the
//! identity.

use protea_neighbours::{self as neighbours, LocalScoring};

/// The residue letters, in the order of the rows and columns of [`BLOSUM62`].
pub const RESIDUES: &[u8; 23] = b"ARNDCQEGHILKMFPSTWYVBZX";
const GAP_FIRST: i64 = 11;
const GAP_NEXT: i64 = 1;
/// The unit of a combined number: score × `SCORE` − identical residues. The maximum has the best
/// score, and among equal scores the fewest identical residues.
const SCORE: i64 = 1 << 24;

/// BLOSUM62 (S. and J. Henikoff, PNAS 89 (1992) 10915). Rows and columns are in the order of
/// [`RESIDUES`].
#[rustfmt::skip]
pub const BLOSUM62: [[i8; 23]; 23] = [
    [ 4,-1,-2,-2, 0,-1,-1, 0,-2,-1,-1,-1,-1,-2,-1, 1, 0,-3,-2, 0,-2,-1, 0],
    [-1, 5, 0,-2,-3, 1, 0,-2, 0,-3,-2, 2,-1,-3,-2,-1,-1,-3,-2,-3,-1, 0,-1],
    [-2, 0, 6, 1,-3, 0, 0, 0, 1,-3,-3, 0,-2,-3,-2, 1, 0,-4,-2,-3, 3, 0,-1],
    [-2,-2, 1, 6,-3, 0, 2,-1,-1,-3,-4,-1,-3,-3,-1, 0,-1,-4,-3,-3, 4, 1,-1],
    [ 0,-3,-3,-3, 9,-3,-4,-3,-3,-1,-1,-3,-1,-2,-3,-1,-1,-2,-2,-1,-3,-3,-2],
    [-1, 1, 0, 0,-3, 5, 2,-2, 0,-3,-2, 1, 0,-3,-1, 0,-1,-2,-1,-2, 0, 3,-1],
    [-1, 0, 0, 2,-4, 2, 5,-2, 0,-3,-3, 1,-2,-3,-1, 0,-1,-3,-2,-2, 1, 4,-1],
    [ 0,-2, 0,-1,-3,-2,-2, 6,-2,-4,-4,-2,-3,-3,-2, 0,-2,-2,-3,-3,-1,-2,-1],
    [-2, 0, 1,-1,-3, 0, 0,-2, 8,-3,-3,-1,-2,-1,-2,-1,-2,-2, 2,-3, 0, 0,-1],
    [-1,-3,-3,-3,-1,-3,-3,-4,-3, 4, 2,-3, 1, 0,-3,-2,-1,-3,-1, 3,-3,-3,-1],
    [-1,-2,-3,-4,-1,-2,-3,-4,-3, 2, 4,-2, 2, 0,-3,-2,-1,-2,-1, 1,-4,-3,-1],
    [-1, 2, 0,-1,-3, 1, 1,-2,-1,-3,-2, 5,-1,-3,-1, 0,-1,-3,-2,-2, 0, 1,-1],
    [-1,-1,-2,-3,-1, 0,-2,-3,-2, 1, 2,-1, 5, 0,-2,-1,-1,-1,-1, 1,-3,-1,-1],
    [-2,-3,-3,-3,-2,-3,-3,-3,-1, 0, 0,-3, 0, 6,-4,-2,-2, 1, 3,-1,-3,-3,-1],
    [-1,-2,-2,-1,-3,-1,-1,-2,-2,-3,-3,-1,-2,-4, 7,-1,-1,-4,-3,-2,-2,-1,-2],
    [ 1,-1, 1, 0,-1, 0, 0, 0,-1,-2,-2, 0,-1,-2,-1, 4, 1,-3,-2,-2, 0, 0, 0],
    [ 0,-1, 0,-1,-1,-1,-1,-2,-2,-1,-1,-1,-1,-2,-1, 1, 5,-2,-2, 0,-1,-1, 0],
    [-3,-3,-4,-4,-2,-2,-3,-2,-2,-3,-2,-3,-1, 1,-4,-3,-2,11, 2,-3,-4,-3,-2],
    [-2,-2,-2,-3,-2,-1,-2,-3, 2,-1,-1,-2,-1, 3,-3,-2,-2, 2, 7,-1,-3,-2,-1],
    [ 0,-3,-3,-3,-1,-2,-2,-3,-3, 3, 1,-2, 1,-1,-2,-2, 0,-3,-1, 4,-3,-2,-1],
    [-2,-1, 3, 4,-3, 0, 1,-1, 0,-3,-4, 0,-3,-3,-2, 0,-1,-4,-3,-3, 4, 1,-1],
    [-1, 0, 0, 1,-3, 3, 4,-2, 0,-3,-3, 1,-1,-3,-1, 0,-1,-3,-2,-2, 1, 4,-1],
    [ 0,-1,-1,-1,-2,-1,-1,-1,-1,-1,-1,-1,-1,-1,-2, 0, 0,-2,-1,-1,-1,-1,-1],
];

/// The number of identical residues in the best local alignment, divided by the length of the
/// shorter sequence. Returns 0.0 if a sequence is empty. A letter that is not a residue is treated
/// as `X`, which is never identical.
///
/// ```
/// use protea_cafa::redundancy::identity;
///
/// assert_eq!(identity("MKTAYIAK", "GGMKTAYIAKGG"), 1.0);
/// assert_eq!(identity("WWWW", "GGGG"), 0.0);
/// ```
#[must_use]
pub fn identity(left: &str, right: &str) -> f64 {
    let shorter = left.len().min(right.len());
    if shorter == 0 {
        return 0.0;
    }
    // The combined number is that many residues below a multiple of `SCORE`.
    let identical = (-best_alignment(left.as_bytes(), right.as_bytes())).rem_euclid(SCORE);
    identical as f64 / shorter as f64
}

/// The scores of [`local_scores`].
const SCORING: LocalScoring<'static, 23> = LocalScoring {
    pairs: &BLOSUM62,
    gap_first: GAP_FIRST as u8,
    gap_next: GAP_NEXT as u8,
};

/// The score of the best local alignment of `query` with each of `others`, in the units of
/// BLOSUM62, at most 32,767. A letter that is not a residue is treated as `X`. The score is the same
/// if the two sequences are exchanged.
///
/// Several sequences are aligned in parallel, one per vector lane. This is several times faster than
/// one alignment after another and needs memory for one row only.
///
/// ```
/// use protea_cafa::redundancy::local_scores;
///
/// // BLOSUM62: A with A 4, K with K 5, A with K -1. A gap of one residue costs 11.
/// assert_eq!(local_scores("AKAK", &["AKAK", "GGAKGG", "WWWW"]), [18, 9, 0]);
/// ```
#[must_use]
pub fn local_scores(query: &str, others: &[&str]) -> Vec<u16> {
    let encoded: Vec<Vec<u8>> = others.iter().map(|other| residues(other)).collect();
    let others: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
    neighbours::local_scores(&residues(query), &others, &SCORING)
}

/// The number of each residue.
fn residues(sequence: &str) -> Vec<u8> {
    let indices = sequence.bytes().map(residue_index);
    indices.map(|index| index as u8).collect()
}

/// The score of the alignment of a sequence with itself, at most 32,767. No other sequence scores
/// higher against it.
#[must_use]
pub fn self_score(sequence: &str) -> u16 {
    let residues = sequence.bytes().map(residue_index);
    let score: i64 = residues.map(|at| i64::from(BLOSUM62[at][at]).max(0)).sum();
    score.min(i64::from(i16::MAX)) as u16
}

/// The best local alignment as a combined number (see [`SCORE`]).
fn best_alignment(left: &[u8], right: &[u8]) -> i64 {
    let columns: Vec<usize> = right.iter().map(|&letter| residue_index(letter)).collect();
    // Of the previous row, per column: the best score that ends there, and the best that ends there
    // in a gap.
    let mut best = vec![0_i64; columns.len() + 1];
    let mut gap_above = vec![i64::MIN / 2; columns.len() + 1];
    let mut found = 0_i64;
    for row in left.iter().map(|&letter| residue_index(letter)) {
        let mut diagonal = 0;
        let mut gap_left = i64::MIN / 2;
        for (column, &residue) in columns.iter().enumerate() {
            let at = column + 1;
            let same = i64::from(row == residue && row != residue_index(b'X'));
            let matched = diagonal + i64::from(BLOSUM62[row][residue]) * SCORE - same;
            gap_above[at] = (best[at] - GAP_FIRST * SCORE).max(gap_above[at] - GAP_NEXT * SCORE);
            gap_left = (best[column] - GAP_FIRST * SCORE).max(gap_left - GAP_NEXT * SCORE);
            diagonal = best[at];
            best[at] = matched.max(gap_above[at]).max(gap_left).max(0);
            found = found.max(best[at]);
        }
    }
    found
}

/// Row and column of a letter in [`BLOSUM62`], in either case. A letter that is not a residue has
/// those of `X`.
#[must_use]
pub fn residue_index(letter: u8) -> usize {
    const INDICES: [u8; 256] = residue_indices();
    usize::from(INDICES[usize::from(letter)])
}

/// For each letter, its position in [`RESIDUES`].
const fn residue_indices() -> [u8; 256] {
    let mut indices = [RESIDUES.len() as u8 - 1; 256];
    let mut at = 0;
    while at < RESIDUES.len() {
        indices[RESIDUES[at] as usize] = at as u8;
        indices[RESIDUES[at].to_ascii_lowercase() as usize] = at as u8;
        at += 1;
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequences of many lengths, some similar to others, with letters that are not residues.
    fn sequences() -> Vec<String> {
        const LETTERS: &[u8] = b"ARNDCQEGHILKMFPSTWYVBZXUo*";
        let mut random = fastrand::Rng::with_seed(11);
        let mut all: Vec<String> = Vec::new();
        for length in 0..70 {
            let mut letter = || char::from(LETTERS[random.usize(..LETTERS.len())]);
            let fresh: String = (0..3 * length).map(|_| letter()).collect();
            let similar = match all.last() {
                Some(last) => format!("{}{}{last}", letter(), letter()),
                None => String::new(),
            };
            all.extend([fresh, similar]);
        }
        all
    }

    #[test]
    fn batch_scores_equal_single_alignments() {
        let all = sequences();
        let others: Vec<&str> = all.iter().map(String::as_str).collect();
        for query in all.iter().step_by(9) {
            let expected = others.iter().map(|other| {
                let score = best_alignment(query.as_bytes(), other.as_bytes()) + SCORE - 1;
                (score / SCORE) as u16
            });
            assert_eq!(
                local_scores(query, &others),
                Vec::from_iter(expected),
                "{query}"
            );
        }
    }

    #[test]
    fn scores_saturate_at_the_maximum() {
        let long = "W".repeat(4_000);
        assert_eq!(local_scores(&long, &[&long, "WW"]), [32_767, 22]);
        assert_eq!(self_score(&long), 32_767);
        assert_eq!(self_score("MKX*"), 10);
        assert_eq!(local_scores("MKX", &["MKX"]), [10]);
    }
}
