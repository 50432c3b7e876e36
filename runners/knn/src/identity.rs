//! How alike two sequences are, as PROTEA's composite score has it: identical letters over the length of the alignment.
//!
//! The alignments are the best global one (S. Needleman and C. Wunsch, Journal of Molecular Biology
//! 48 (1970) 443) and the best local one (T. Smith and M. Waterman, ibid. 147 (1981) 195), both with
//! BLOSUM62, 10 for a gap's first residue and 1 for each further one. Among the best ones, the one
//! with fewest identical letters counts, and among those the shortest: so the result does not depend
//! on how a program goes through its tables.

use crate::redundancy::{BLOSUM62, number};

const GAP_FIRST: i64 = 10;
const GAP_NEXT: i64 = 1;
/// A score, the identical letters behind it and the columns of the alignment are one number: the
/// score in units of `SCORE`, less the letters in units of `SAME` and the columns.
const SCORE: i64 = 1 << 36;
const SAME: i64 = 1 << 18;
const COLUMN: i64 = 1;
/// Letters of both sequences together, so that neither letters nor columns run over.
const MOST_LETTERS: usize = 1 << 17;
/// Less than any score, and far enough from the smallest number to subtract from.
const NEVER: i64 = i64::MIN / 2;

/// Identical letters over the columns of an alignment, 0..=1, ends of the sequences that hang over
/// included in the global one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identities {
    /// Of the best global alignment.
    pub global: f64,
    /// Of the best local alignment; 0 where there is none.
    pub local: f64,
}

impl Identities {
    /// Those of two sequences. `None` if one is empty, or both together have more than 131,072
    /// letters. Letters that are no residues score as `X`.
    ///
    /// ```
    /// use protea_knn::identity::Identities;
    ///
    /// let found = Identities::of("MKTAYIAK", "MKTAYIAKGG").unwrap();
    /// assert_eq!((found.global, found.local), (0.8, 1.0));
    /// ```
    #[must_use]
    pub fn of(one: &str, other: &str) -> Option<Self> {
        let sound = !one.is_empty() && !other.is_empty();
        (sound && one.len() + other.len() <= MOST_LETTERS).then(|| Self {
            global: ratio(best::<true>(one.as_bytes(), other.as_bytes())),
            local: ratio(best::<false>(one.as_bytes(), other.as_bytes())),
        })
    }
}

/// The best alignment as one number.
fn best<const GLOBAL: bool>(one: &[u8], other: &[u8]) -> i64 {
    let columns: Vec<(u8, usize)> = other.iter().map(|&letter| residue(letter)).collect();
    let border = |letters: usize| match (GLOBAL, letters) {
        (false, _) | (_, 0) => 0,
        (true, letters) => {
            let letters = letters as i64;
            -letters * COLUMN - (GAP_FIRST + (letters - 1) * GAP_NEXT) * SCORE
        }
    };
    // Of the row above: the best that ends in each column, and the best that ends there in a gap.
    let mut row: Vec<i64> = (0..=columns.len()).map(border).collect();
    let mut gap_above = vec![NEVER; columns.len() + 1];
    let mut found = 0;
    for (above, &letter) in one.iter().enumerate() {
        let (letter, scores) = residue(letter);
        let scores = &BLOSUM62[scores];
        let mut diagonal = row[0];
        row[0] = border(above + 1);
        let mut gap_left = NEVER;
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
                // What is worth nothing is no beginning of an alignment.
                if score(row[at]) <= 0 {
                    row[at] = 0;
                }
                found = found.max(row[at]);
            }
        }
    }
    match GLOBAL {
        true => row[columns.len()],
        false => found,
    }
}

fn residue(letter: u8) -> (u8, usize) {
    let letter = letter.to_ascii_uppercase();
    (letter, number(letter))
}

/// Letters and columns together stay below half a unit of it.
fn score(best: i64) -> i64 {
    (best + SCORE / 2).div_euclid(SCORE)
}

fn ratio(best: i64) -> f64 {
    let behind = score(best) * SCORE - best;
    let (same, columns) = (behind / SAME, behind % SAME);
    if columns == 0 {
        return 0.0;
    }
    same as f64 / columns as f64
}
