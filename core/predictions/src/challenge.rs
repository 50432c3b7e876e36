//! What the rules of the challenges say about one line and about the order of lines.
//!
//! Sources: Kaggle: the section "Submission File" of the description of CAFA 6
//! (<https://www.kaggle.com/competitions/cafa-6-protein-function-prediction>), which is that of CAFA 5
//! apart from the text predictions. CAFA: the organisers' format checker
//! (<https://github.com/idoerg/cafa-format-check>) and the rules it implements. LAFA: the guide for
//! containers of 2026.

use serde::Serialize;

/// The largest number of lines in words for a protein.
pub(crate) const MOST_TEXTS: u32 = 5;
const KEYWORDS: [&str; 30] = [
    "sequence alignment",
    "sequence-profile alignment",
    "profile-profile alignment",
    "phylogeny",
    "sequence properties",
    "physicochemical properties",
    "predicted properties",
    "protein interactions",
    "gene expression",
    "mass spectrometry",
    "genetic interactions",
    "protein structure",
    "literature",
    "genomic context",
    "synteny",
    "structure alignment",
    "comparative model",
    "predicted protein structure",
    "de novo prediction",
    "machine learning",
    "genome environment",
    "operon",
    "ortholog",
    "paralog",
    "homolog",
    "hidden markov model",
    "clinical data",
    "genetic data",
    "natural language processing",
    "other functional information",
];

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Challenge {
    /// CAFA 5 and CAFA 6 on Kaggle.
    Kaggle,
    /// CAFA 2 to CAFA 4: a file with `AUTHOR`, `MODEL`, `KEYWORDS` and `END`.
    Cafa,
    /// LAFA, the continuous assessment.
    Lafa,
}

impl Challenge {
    /// The name: `Kaggle`, `CAFA` or `LAFA`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kaggle => "Kaggle",
            Self::Cafa => "CAFA",
            Self::Lafa => "LAFA",
        }
    }

    /// The largest number of terms of a protein, over all aspects.
    pub(crate) fn most_terms(self) -> Option<usize> {
        match self {
            Self::Kaggle | Self::Cafa => Some(1500),
            Self::Lafa => None,
        }
    }
}

/// Whether a broken rule makes the organisers refuse the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file breaks the rules.
    Refused,
    /// The rules allow it, but it may not be what was meant.
    Warning,
}

/// A rule. Not every challenge has every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// The file is a table in text.
    Format,
    /// No byte-order mark.
    ByteOrderMark,
    /// No header that names the columns.
    Header,
    /// No blank lines.
    BlankLine,
    /// Three columns.
    Columns,
    /// Names are text without control characters.
    Name,
    /// Accessions of targets.
    Target,
    /// Ids of terms.
    Term,
    /// A score is a number.
    ScoreNumber,
    /// A score is above 0 and at most 1.
    ScoreRange,
    /// A score has only so many digits.
    ScoreDigits,
    /// Only so many terms for a protein.
    TermsPerProtein,
    /// CAFA's line about the team.
    Author,
    /// CAFA's line about the model.
    Model,
    /// CAFA's line about the method.
    Keywords,
    /// CAFA's line about the accuracy.
    Accuracy,
    /// CAFA's last line.
    End,
    /// The order of CAFA's lines.
    Order,
    /// Kaggle's lines of text.
    Text,
    /// A term occurs twice for a protein.
    Repeated,
    /// A term is in the ontology and not obsolete.
    UnknownTerm,
    /// Every target has a prediction.
    MissingTarget,
    /// The file has predictions.
    Empty,
}

impl Rule {
    /// Whether breaking it makes a challenge refuse the file.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Repeated | Self::UnknownTerm | Self::MissingTarget => Severity::Warning,
            _ => Severity::Refused,
        }
    }

    /// What the rule asks for.
    #[must_use]
    pub fn text(self, challenge: Challenge) -> &'static str {
        let is_cafa = challenge == Challenge::Cafa;
        match self {
            Self::Format => "the file must be a table in text: accession, term, score",
            Self::ByteOrderMark => "the file must not start with a byte-order mark",
            Self::Header => "the file must not have a header",
            Self::BlankLine => "the file must not have blank lines",
            Self::Columns if is_cafa => {
                "a line must have the three columns accession, term and score"
            }
            Self::Columns => "a line must have three columns, separated by tabs",
            Self::Name => "names must be in UTF-8, without control characters and not empty",
            Self::Target if is_cafa => {
                "targets must be named as in CAFA's files, such as T96060012345"
            }
            Self::Target => "proteins must be among the targets",
            Self::Term => "a term must be written as GO: and seven digits",
            Self::ScoreNumber => "a score must be a number",
            Self::ScoreRange => "a score must be above 0 and at most 1",
            Self::ScoreDigits if is_cafa => "a score must have one digit, a point and two digits",
            Self::ScoreDigits => "a score must have at most three significant figures",
            Self::TermsPerProtein => "a protein must have at most 1,500 terms, over all aspects",
            Self::Author => "the first line must be AUTHOR and the name of the team, one word",
            Self::Model => {
                "MODEL and one digit must come before the predictions, for at most three models"
            }
            Self::Keywords => "KEYWORDS must be from CAFA's list, separated by commas",
            Self::Accuracy => {
                "ACCURACY must be as in `ACCURACY 1 PR=0.86; RC=0.43`, at most three times"
            }
            Self::End => "the last line must be END",
            Self::Order => "the order must be AUTHOR, MODEL, KEYWORDS, ACCURACY, predictions, END",
            Self::Text => {
                "text must be at most five lines per protein, in printable ASCII without tabs"
            }
            Self::Repeated => "a protein should have each term once; the highest score counts",
            Self::UnknownTerm => "terms that are obsolete or not in the ontology do not count",
            Self::Empty => "the file must have at least one prediction",
            Self::MissingTarget => "targets without a prediction count as predicted with 0",
        }
    }
}

/// A line of CAFA's format that is not a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Author,
    Model,
    Keywords,
    Accuracy,
    Predictions,
    End,
}

impl Section {
    /// The section that a line with this first word belongs to.
    pub fn of(word: &[u8]) -> Self {
        match word {
            b"AUTHOR" => Self::Author,
            b"MODEL" => Self::Model,
            b"KEYWORDS" => Self::Keywords,
            b"ACCURACY" => Self::Accuracy,
            b"END" => Self::End,
            _ => Self::Predictions,
        }
    }

    /// The rule that a line of this section breaks, if it does.
    pub fn check(self, line: &str) -> Option<Rule> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_digit = |field: &str| field.len() == 1 && field.as_bytes()[0].is_ascii_digit();
        match self {
            Self::Author => (fields.len() != 2).then_some(Rule::Author),
            Self::Model => (fields.len() != 2 || !is_digit(fields[1])).then_some(Rule::Model),
            Self::Keywords => {
                let list = line.trim_start().strip_prefix("KEYWORDS").unwrap_or("");
                let is_known = |word: &str| {
                    let word = word.trim();
                    let word = word.strip_suffix('.').unwrap_or(word);
                    KEYWORDS.contains(&word.to_lowercase().as_str())
                };
                (!list.split(',').all(is_known)).then_some(Rule::Keywords)
            }
            Self::Accuracy => {
                let share = |field: &str, before: &str, behind: &str| {
                    let number = field.strip_prefix(before);
                    let number = number.and_then(|number| number.strip_suffix(behind));
                    number.is_some_and(|number| has_two_decimals(number.as_bytes()))
                };
                let valid = fields.len() == 4
                    && is_digit(fields[1])
                    && share(fields[2], "PR=", ";")
                    && share(fields[3], "RC=", "");
                (!valid).then_some(Rule::Accuracy)
            }
            Self::End => (fields.len() != 1).then_some(Rule::End),
            Self::Predictions => None,
        }
    }
}

/// Whether the name of a protein is one of CAFA's targets.
pub(crate) fn is_cafa_target(name: &[u8]) -> bool {
    let number = [&b"EFI"[..], b"M", b"T"]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    number.is_some_and(|n| (5..=20).contains(&n.len()) && n.iter().all(u8::is_ascii_digit))
}

/// Whether an id is one that the challenge takes. CAFA's checker takes five to seven digits.
pub(crate) fn is_term(challenge: Challenge, id: &[u8]) -> bool {
    let least = if challenge == Challenge::Cafa { 5 } else { 7 };
    let digits = id.strip_prefix(b"GO:");
    digits.is_some_and(|d| (least..=7).contains(&d.len()) && d.iter().all(u8::is_ascii_digit))
}

/// Whether the digits of a score are those that the challenge takes.
pub(crate) fn has_allowed_digits(challenge: Challenge, score: &[u8]) -> bool {
    match challenge {
        Challenge::Kaggle => significant_figures(score) <= 3,
        Challenge::Cafa => has_two_decimals(score),
        Challenge::Lafa => true,
    }
}

fn has_two_decimals(number: &[u8]) -> bool {
    matches!(number, [b'0' | b'1', b'.', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

/// Significant figures without zeros at the end, so that `1.000` has one.
fn significant_figures(number: &[u8]) -> usize {
    let mantissa = number
        .split(|&b| b == b'e' || b == b'E')
        .next()
        .unwrap_or(number);
    let digits: Vec<u8> = mantissa
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    let first = digits.iter().position(|&b| b != b'0');
    let last = digits.iter().rposition(|&b| b != b'0');
    match (first, last) {
        (Some(first), Some(last)) => last - first + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_figures_leave_out_zeros_around() {
        for (number, figures) in [
            ("0.931", 3),
            ("0.540", 2),
            ("1.000", 1),
            ("0.0001", 1),
            ("1.01", 3),
            ("0.1234", 4),
            ("1.5e-05", 2),
            ("0", 0),
        ] {
            assert_eq!(significant_figures(number.as_bytes()), figures, "{number}");
        }
    }

    #[test]
    fn lines_of_cafa_are_checked() {
        for line in [
            "AUTHOR TEAM",
            "MODEL 1",
            "KEYWORDS sequence alignment, Hidden Markov Model.",
            "ACCURACY 1 PR=0.86; RC=0.43",
            "END",
        ] {
            let section = Section::of(line.split(' ').next().unwrap_or("").as_bytes());
            assert_eq!(section.check(line), None, "{line}");
        }
        for line in [
            "AUTHOR A TEAM",
            "MODEL one",
            "KEYWORDS magic",
            "ACCURACY 1 PR=.9; RC=1",
            "END .",
        ] {
            let section = Section::of(line.split(' ').next().unwrap_or("").as_bytes());
            assert!(section.check(line).is_some(), "{line}");
        }
    }

    #[test]
    fn targets_of_cafa() {
        assert!(is_cafa_target(b"T96060012345"));
        assert!(is_cafa_target(b"EFI00012"));
        assert!(!is_cafa_target(b"P12345"));
        assert!(!is_cafa_target(b"T123"));
    }
}
