//! How alike two sequences are.
//!
//! [`identity`] is for where likeness would give the answer away, [`local_scores`] for many sequences at
//! once. The alignment is the best local one (T. Smith and M. Waterman, Journal of Molecular Biology 147
//! (1981) 195) with BLOSUM62, 11 for a gap's first residue and 1 for each further one, as BLAST has
//! them. Among the best ones, the one with fewest identical residues counts: a longer one that is
//! worth no more says no more.

/// The letters of [`BLOSUM62`].
pub const RESIDUES: &[u8; 23] = b"ARNDCQEGHILKMFPSTWYVBZX";
const GAP_FIRST: i64 = 11;
const GAP_NEXT: i64 = 1;
/// A score and the identical residues behind it are one number: the score in units of this, less the residues.
const SCORE: i64 = 1 << 24;

/// BLOSUM62 (S. and J. Henikoff, PNAS 89 (1992) 10915), rows and columns as in [`RESIDUES`].
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
    // Rounded up to the score that it is short of.
    let identical = (-best(one.as_bytes(), other.as_bytes())).rem_euclid(SCORE);
    identical as f64 / shorter as f64
}

/// So many sequences are aligned at once.
const LANES: usize = 16;
/// A number for each of them.
type Lanes = [i16; LANES];

/// The score of the best local alignment of a sequence with each of others, in the units of BLOSUM62,
/// at most 32,767. Letters that are no residues are taken for `X`.
///
/// The others are aligned side by side (T. Rognes, BMC Bioinformatics 12 (2011) 221), which takes a
/// fraction of the time that one after the other takes, and no memory but for a row.
///
/// ```
/// use protea_cafa::redundancy::local_scores;
///
/// // 4 for A with A, 5 for K with K, -1 for A with K, 11 for a gap of one.
/// assert_eq!(local_scores("AKAK", &["AKAK", "GGAKGG", "WWWW"]), [18, 9, 0]);
/// ```
#[must_use]
pub fn local_scores(query: &str, others: &[&str]) -> Vec<u16> {
    let rows: Vec<usize> = query.bytes().map(number).collect();
    // Those of like length together: the shorter ones of a batch wait for the longest.
    let mut by_length: Vec<usize> = (0..others.len()).collect();
    by_length.sort_by_key(|&other| others[other].len());
    let mut scores = vec![0; others.len()];
    let mut above = vec![([0; LANES], [0; LANES]); rows.len()];
    for batch in by_length.chunks(LANES) {
        let sequences: Vec<&[u8]> = batch
            .iter()
            .map(|&other| others[other].as_bytes())
            .collect();
        above.fill(([0; LANES], [-(GAP_FIRST as i16); LANES]));
        let found = align(&rows, &sequences, &mut above);
        for (&other, score) in batch.iter().zip(found) {
            scores[other] = score.unsigned_abs();
        }
    }
    scores
}

/// What a sequence scores in an alignment with itself, at most 32,767: its residues are worth most there.
#[must_use]
pub fn self_score(sequence: &str) -> u16 {
    let residues = sequence.bytes().map(number);
    let score: i64 = residues.map(|at| i64::from(BLOSUM62[at][at]).max(0)).sum();
    score.min(i64::from(i16::MAX)) as u16
}

/// Aligns one sequence with up to [`LANES`] others, column after column of those. `above` has, for each
/// residue of the one, the best that ends in the column before, and the best that ends there in a gap.
fn align(rows: &[usize], others: &[&[u8]], above: &mut [(Lanes, Lanes)]) -> Lanes {
    /// What aligns with nothing: a sequence has ended.
    const END: i16 = -64;
    let (first, next) = (GAP_FIRST as i16, GAP_NEXT as i16);
    let columns = others.iter().map(|other| other.len()).max().unwrap_or(0);
    let mut found = [0; LANES];
    for column in 0..columns {
        // By residue of the one: what it is worth with the residue of each of the others.
        let mut worth = [[END; LANES]; RESIDUES.len()];
        for (lane, other) in others.iter().enumerate() {
            if let Some(&letter) = other.get(column) {
                let scores = &BLOSUM62[number(letter)];
                for (worth, &score) in worth.iter_mut().zip(scores) {
                    worth[lane] = i16::from(score);
                }
            }
        }
        let (mut diagonal, mut gap_down) = ([0_i16; LANES], [-(GAP_FIRST as i16); LANES]);
        for (&row, (best, gap)) in rows.iter().zip(above.iter_mut()) {
            let worth = &worth[row];
            for lane in 0..LANES {
                let matched = diagonal[lane].saturating_add(worth[lane]);
                let here = matched.max(gap[lane]).max(gap_down[lane]).max(0);
                diagonal[lane] = best[lane];
                best[lane] = here;
                found[lane] = found[lane].max(here);
                // Never below what a fresh gap comes to, so nothing overflows.
                let opened = here.wrapping_sub(first);
                gap[lane] = gap[lane].wrapping_sub(next).max(opened);
                gap_down[lane] = gap_down[lane].wrapping_sub(next).max(opened);
            }
        }
    }
    found
}

/// The score of the best local alignment, in units of [`SCORE`], less the fewest identical residues that
/// are behind it.
fn best(one: &[u8], other: &[u8]) -> i64 {
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
    found
}

/// Row and column of a letter in [`BLOSUM62`]; those of `X` for what is no residue.
#[must_use]
pub fn number(letter: u8) -> usize {
    const NUMBERS: [u8; 256] = numbers();
    usize::from(NUMBERS[usize::from(letter)])
}

/// By letter, its place in [`RESIDUES`].
const fn numbers() -> [u8; 256] {
    let mut numbers = [RESIDUES.len() as u8 - 1; 256];
    let mut at = 0;
    while at < RESIDUES.len() {
        numbers[RESIDUES[at] as usize] = at as u8;
        numbers[RESIDUES[at].to_ascii_lowercase() as usize] = at as u8;
        at += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequences of all lengths, some alike, with letters that are no residues.
    fn sequences() -> Vec<String> {
        const LETTERS: &[u8] = b"ARNDCQEGHILKMFPSTWYVBZXUo*";
        let mut random = fastrand::Rng::with_seed(11);
        let mut all: Vec<String> = Vec::new();
        for length in 0..70 {
            let mut letter = || char::from(LETTERS[random.usize(..LETTERS.len())]);
            let fresh: String = (0..3 * length).map(|_| letter()).collect();
            let alike = match all.last() {
                Some(last) => format!("{}{}{last}", letter(), letter()),
                None => String::new(),
            };
            all.extend([fresh, alike]);
        }
        all
    }

    #[test]
    fn side_by_side_sequences_score_as_they_do_one_by_one() {
        let all = sequences();
        let others: Vec<&str> = all.iter().map(String::as_str).collect();
        for query in all.iter().step_by(9) {
            let expected = others.iter().map(|other| {
                let score = best(query.as_bytes(), other.as_bytes()) + SCORE - 1;
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
    fn a_score_stays_at_the_largest_there_is() {
        let long = "W".repeat(4_000);
        assert_eq!(local_scores(&long, &[&long, "WW"]), [32_767, 22]);
        assert_eq!(self_score(&long), 32_767);
        assert_eq!(self_score("MKX*"), 10);
        assert_eq!(local_scores("MKX", &["MKX"]), [10]);
    }
}
