//! Sequence identity as in PROTEA's composite score: identical letters divided by the columns of
//! the alignment.
//!
//! The alignments are the best global one (S. Needleman and C. Wunsch, Journal of Molecular Biology
//! 48 (1970) 443) and the best local one (T. Smith and M. Waterman, ibid. 147 (1981) 195), both
//! with BLOSUM62, 10 for the first residue of a gap and 1 for each further one. Several alignments
//! can have the best score. The one with the fewest identical letters counts, then the shortest, so
//! that the result does not depend on the order in which the table is filled.

use protea_cafa::redundancy::{BLOSUM62, residue_index};

const GAP_FIRST: i64 = 10;
const GAP_NEXT: i64 = 1;
/// One number holds the score, the identical letters and the columns of an alignment: the score in
/// units of `SCORE`, minus the letters in units of `SAME`, minus the columns. Comparing these
/// numbers thus compares scores first and breaks ties as described above.
const SCORE: i64 = 1 << 36;
const SAME: i64 = 1 << 18;
const COLUMN: i64 = 1;
/// Most letters of both sequences together: neither letters nor columns can overflow into the next
/// unit.
const MAX_LETTERS: usize = 1 << 17;
/// Below any score, but far enough from `i64::MIN` that subtracting from it cannot overflow.
const IMPOSSIBLE: i64 = i64::MIN / 2;

/// Identical letters divided by the columns of an alignment, in [0, 1]. The global alignment
/// includes the unaligned ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identities {
    /// Of the best global alignment.
    pub global: f64,
    /// Of the best local alignment; 0 if no alignment has a positive score.
    pub local: f64,
}

impl Identities {
    /// The identities of two sequences. `None` if one is empty, or both together have more than
    /// 131,072 letters. Letters that are not residues score as `X`.
    ///
    /// ```
    /// use protea_knn::Identities;
    ///
    /// let found = Identities::new("MKTAYIAK", "MKTAYIAKGG").unwrap();
    /// assert_eq!((found.global, found.local), (0.8, 1.0));
    /// ```
    #[must_use]
    pub fn new(one: &str, other: &str) -> Option<Self> {
        let both_present = !one.is_empty() && !other.is_empty();
        (both_present && one.len() + other.len() <= MAX_LETTERS).then(|| Self {
            global: ratio(best::<true>(one.as_bytes(), other.as_bytes())),
            local: ratio(best::<false>(one.as_bytes(), other.as_bytes())),
        })
    }
}

/// The best alignment, encoded as one number.
fn best<const GLOBAL: bool>(one: &[u8], other: &[u8]) -> i64 {
    let columns: Vec<(u8, usize)> = other.iter().map(|&letter| residue(letter)).collect();
    let border = |letters: usize| match (GLOBAL, letters) {
        (false, _) | (_, 0) => 0,
        (true, letters) => {
            let letters = letters as i64;
            -letters * COLUMN - (GAP_FIRST + (letters - 1) * GAP_NEXT) * SCORE
        }
    };
    // For each column of the row above: the best alignment that ends there, and the best that ends
    // there with a gap.
    let mut row: Vec<i64> = (0..=columns.len()).map(border).collect();
    let mut gap_above = vec![IMPOSSIBLE; columns.len() + 1];
    let mut found = 0;
    for (rows_above, &letter) in one.iter().enumerate() {
        let (letter, scores) = residue(letter);
        let scores = &BLOSUM62[scores];
        let mut diagonal = row[0];
        row[0] = border(rows_above + 1);
        let mut gap_left = IMPOSSIBLE;
        for (column, &(other, number)) in columns.iter().enumerate() {
            let at = column + 1;
            let same = if letter == other { SAME } else { 0 };
            let matched = diagonal + i64::from(scores[number]) * SCORE - same - COLUMN;
            gap_above[at] =
                (row[at] - GAP_FIRST * SCORE).max(gap_above[at] - GAP_NEXT * SCORE) - COLUMN;
            gap_left = (row[column] - GAP_FIRST * SCORE).max(gap_left - GAP_NEXT * SCORE) - COLUMN;
            diagonal = row[at];
            row[at] = matched.max(gap_above[at]).max(gap_left);
            if !GLOBAL {
                // A local alignment starts anew where the score is not positive.
                if score(row[at]) <= 0 {
                    row[at] = 0;
                }
                found = found.max(row[at]);
            }
        }
    }
    if GLOBAL { row[columns.len()] } else { found }
}

fn residue(letter: u8) -> (u8, usize) {
    let letter = letter.to_ascii_uppercase();
    (letter, residue_index(letter))
}

/// The score of an encoded alignment. Letters and columns together stay below half of `SCORE`.
fn score(best: i64) -> i64 {
    (best + SCORE / 2).div_euclid(SCORE)
}

fn ratio(best: i64) -> f64 {
    let rest = score(best) * SCORE - best;
    let (same, columns) = (rest / SAME, rest % SAME);
    if columns == 0 {
        return 0.0;
    }
    same as f64 / columns as f64
}
