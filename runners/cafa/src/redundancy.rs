//! How alike two sequences are, where likeness would give the answer away.
//!
//! The alignment is the best local one (T. Smith and M. Waterman, Journal of Molecular Biology 147
//! (1981) 195) with BLOSUM62, 11 for a gap's first residue and 1 for each further one, as BLAST has
//! them. Among the best ones, the one with fewest identical residues counts: a longer one that is
//! worth no more says no more.

const RESIDUES: &[u8; 23] = b"ARNDCQEGHILKMFPSTWYVBZX";
const GAP_FIRST: i64 = 11;
const GAP_NEXT: i64 = 1;
/// A score and the identical residues behind it are one number: the score in units of this, less the residues.
const SCORE: i64 = 1 << 24;

/// BLOSUM62 (S. and J. Henikoff, PNAS 89 (1992) 10915), rows and columns as in [`RESIDUES`].
#[rustfmt::skip]
const BLOSUM62: [[i8; 23]; 23] = [
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

/// Identical residues of the best local alignment of two sequences, as a fraction of the shorter
/// one. Letters that are no residues are taken for `X`, which is identical to nothing.
///
/// ```
/// use protea_cafa::redundancy::identity;
///
/// assert_eq!(identity("MKTAYIAK", "GGMKTAYIAKGG"), 1.0);
/// assert_eq!(identity("WWWW", "GGGG"), 0.0);
/// ```
#[must_use]
pub fn identity(one: &str, other: &str) -> f64 {
    let shorter = one.len().min(other.len());
    if shorter == 0 {
        return 0.0;
    }
    identical(one.as_bytes(), other.as_bytes()) as f64 / shorter as f64
}

fn identical(one: &[u8], other: &[u8]) -> i64 {
    let columns: Vec<usize> = other.iter().map(|&letter| number(letter)).collect();
    // Of the row above: the best that ends in each column, and the best that ends there in a gap.
    let mut best = vec![0_i64; columns.len() + 1];
    let mut gap_above = vec![i64::MIN / 2; columns.len() + 1];
    let mut found = 0_i64;
    for row in one.iter().map(|&letter| number(letter)) {
        let mut diagonal = 0;
        let mut gap_left = i64::MIN / 2;
        for (column, &residue) in columns.iter().enumerate() {
            let at = column + 1;
            let same = i64::from(row == residue && row != number(b'X'));
            let matched = diagonal + i64::from(BLOSUM62[row][residue]) * SCORE - same;
            gap_above[at] = (best[at] - GAP_FIRST * SCORE).max(gap_above[at] - GAP_NEXT * SCORE);
            gap_left = (best[column] - GAP_FIRST * SCORE).max(gap_left - GAP_NEXT * SCORE);
            diagonal = best[at];
            best[at] = matched.max(gap_above[at]).max(gap_left).max(0);
            found = found.max(best[at]);
        }
    }
    // Rounded up to the score that it is short of.
    (-found).rem_euclid(SCORE)
}

fn number(letter: u8) -> usize {
    let of = |letter: u8| RESIDUES.iter().position(|&residue| residue == letter);
    of(letter.to_ascii_uppercase()).unwrap_or(RESIDUES.len() - 1)
}
