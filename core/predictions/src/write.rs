//! Writes predictions as accession, term and score.

use std::io::Write as _;

use protea_scoring::round_score;

use crate::names::{Scored, Terms};

/// Sorts the terms of a protein by falling score, then by id.
pub fn sort_for_output(rows: &mut [Scored], terms: &Terms) {
    rows.sort_unstable_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| terms.compare(a.term, b.term))
    });
}

/// Appends the rows of a protein to `out`: tab-separated accession, term and score, one line each.
/// A score has as few digits as are needed to read it back exactly.
pub fn write_rows(accession: &str, rows: &[Scored], terms: &Terms, out: &mut Vec<u8>) {
    for row in rows {
        out.extend_from_slice(accession.as_bytes());
        out.push(b'\t');
        terms.push_id(row.term, out);
        out.push(b'\t');
        push_score(row.score, out);
        out.push(b'\n');
    }
}

/// Appends the rows of a protein as the rules of CAFA have them: two decimals, at least 0.01 and at
/// most 1.00. Returns how many rows are left out because their score rounds to 0.00.
pub fn write_cafa_rows(accession: &str, rows: &[Scored], terms: &Terms, out: &mut Vec<u8>) -> u64 {
    let mut left_out = 0;
    for row in rows {
        let hundredths = (row.score.min(1.0) * 100.0).round() as u32;
        if hundredths == 0 {
            left_out += 1;
            continue;
        }
        out.extend_from_slice(accession.as_bytes());
        out.push(b'\t');
        terms.push_id(row.term, out);
        let (whole, part) = (hundredths / 100, hundredths % 100);
        // Writing to a vector does not fail.
        let _ = writeln!(out, "\t{whole}.{part:02}");
    }
    left_out
}

/// The largest number of terms of a protein in the format of Kaggle.
pub const KAGGLE_TERMS: usize = 1500;

/// Predictions that the format of Kaggle cannot hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KaggleLeftOut {
    /// With the score 0.
    pub zero: u64,
    /// Beyond the [`KAGGLE_TERMS`] of a protein with the highest scores.
    pub beyond: u64,
}

impl std::ops::AddAssign for KaggleLeftOut {
    fn add_assign(&mut self, other: Self) {
        self.zero += other.zero;
        self.beyond += other.beyond;
    }
}

/// Appends the rows of a protein as the rules of Kaggle have them: at most [`KAGGLE_TERMS`], those
/// with the highest scores, each score above 0, at most 1 and with three significant figures. Returns
/// how many rows are left out.
pub fn write_kaggle_rows(
    accession: &str,
    rows: &[Scored],
    terms: &Terms,
    out: &mut Vec<u8>,
) -> KaggleLeftOut {
    let mut left_out = KaggleLeftOut::default();
    let mut kept: Vec<Scored> = rows.iter().filter(|row| row.score > 0.0).copied().collect();
    left_out.zero = (rows.len() - kept.len()) as u64;
    if kept.len() > KAGGLE_TERMS {
        sort_for_output(&mut kept, terms);
        left_out.beyond = (kept.len() - KAGGLE_TERMS) as u64;
        kept.truncate(KAGGLE_TERMS);
    }
    for row in &kept {
        out.extend_from_slice(accession.as_bytes());
        out.push(b'\t');
        terms.push_id(row.term, out);
        out.push(b'\t');
        out.extend_from_slice(three_figures(row.score.min(1.0)).as_bytes());
        out.push(b'\n');
    }
    left_out
}

/// A score in (0, 1] with at most three significant figures, without an exponent and without zeros at
/// its end. Scores keep their order, but close ones become equal.
///
/// ```
/// use protea_predictions::three_figures;
///
/// assert_eq!(three_figures(0.123456), "0.123");
/// assert_eq!(three_figures(0.0009996), "0.001");
/// assert_eq!(three_figures(1.0), "1");
/// ```
#[must_use]
pub fn three_figures(score: f64) -> String {
    if !(score > 0.0 && score.is_finite()) {
        return format_score(score);
    }
    // The exponent form rounds the decimal digits, so that no error of a division comes in.
    let rounded = format!("{score:.2e}");
    rounded
        .parse()
        .map_or_else(|_| format_score(score), format_score)
}

/// The lines before the predictions that CAFA asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CafaHeader {
    /// The team, one word.
    pub author: String,
    /// The model: a digit from 1 to 3.
    pub model: u8,
    /// What the method uses, from CAFA's list; none to leave out the line.
    pub keywords: Vec<String>,
}

impl CafaHeader {
    /// The lines.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut lines = format!("AUTHOR\t{}\nMODEL\t{}\n", self.author, self.model);
        if !self.keywords.is_empty() {
            lines.push_str(&format!("KEYWORDS\t{}.\n", self.keywords.join(", ")));
        }
        lines
    }
}

/// A score with as few digits as are needed to read it back exactly, without an exponent.
#[must_use]
pub fn format_score(score: f64) -> String {
    let mut text = Vec::new();
    push_score(score, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Appends a number without an exponent, with as few digits as are needed to read it back.
pub(crate) fn push_score(score: f64, out: &mut Vec<u8>) {
    // Most scores have at most six decimals. For these this is faster and gives the same digits.
    if (0.0..=1.0).contains(&score) && round_score(score) == score {
        let millionths = (score * 1e6).round() as u32;
        let mut digits = *b"0.000000";
        digits[0] += (millionths / 1_000_000) as u8;
        let mut rest = millionths % 1_000_000;
        for digit in digits[2..].iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        let mut length = digits.len();
        while digits[length - 1] == b'0' {
            length -= 1;
        }
        let length = if digits[length - 1] == b'.' {
            length - 1
        } else {
            length
        };
        out.extend_from_slice(&digits[..length]);
    } else {
        // Writing to a vector does not fail.
        let _ = write!(out, "{score}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_score_reads_back_exactly(score in 1e-9_f64..2.0, rounded in any::<bool>()) {
            let score = if rounded { round_score(score) } else { score };
            let mut text = Vec::new();
            push_score(score, &mut text);
            let text = String::from_utf8(text).expect("digits");
            prop_assert_eq!(text.parse::<f64>().expect("a number"), score);
            prop_assert_eq!(text, score.to_string());
        }
    }
}
