//! Counts of what was skipped while reading, for warnings to the user.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher,
    sync::LazyLock,
};

use protea_ontology::{Ontology, Reading, text::TextMarks};
use serde::Serialize;

use crate::lines::{columns, float, other_separator};

/// The most distinct names that are counted, to bound the memory. Lines are always counted.
const MOST_DISTINCT: usize = 1 << 20;
const EXAMPLES: usize = 5;

/// A tally of skipped names: the number of lines, the number of distinct names and the first few
/// names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SkippedNames {
    /// Number of lines with such a name.
    pub lines: u64,
    /// Number of distinct names, at most 1,048,576.
    pub distinct: usize,
    /// The first five distinct names, in the order of the file.
    pub examples: Vec<String>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl SkippedNames {
    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines == 0
    }

    pub(super) fn add(&mut self, name: &[u8]) {
        self.lines += 1;
        if self.seen.len() < MOST_DISTINCT && self.seen.insert(HASHER.hash_one(name)) {
            self.distinct = self.seen.len();
            if self.examples.len() < EXAMPLES {
                self.examples
                    .push(String::from_utf8_lossy(&name[..name.len().min(80)]).into_owned());
            }
        }
    }

    /// Adds the tally of a later part of the file.
    pub(super) fn merge(&mut self, later: SkippedNames) {
        self.lines += later.lines;
        let missing = EXAMPLES - self.examples.len();
        let new = later
            .examples
            .into_iter()
            .filter(|e| !self.seen.contains(&HASHER.hash_one(e.as_bytes())))
            .take(missing);
        self.examples.extend(new);
        for name in later.seen {
            if self.seen.len() < MOST_DISTINCT {
                self.seen.insert(name);
            }
        }
        self.distinct = self.seen.len();
    }

    pub(super) fn sample(&self) -> String {
        if self.examples.is_empty() {
            "none".to_owned()
        } else {
            self.examples.join(", ")
        }
    }
}

impl SkippedNames {
    /// The tally for a message: `2 terms on 3 lines (GO:0000001, GO:0000002)`. `noun` says in the
    /// singular what the names are.
    #[must_use]
    pub fn describe(&self, noun: &str) -> String {
        let counted = |number: u64, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        let mut text = format!(
            "{} on {}",
            counted(self.distinct as u64, noun),
            counted(self.lines, "line")
        );
        if !self.examples.is_empty() {
            let more = if self.distinct > self.examples.len() {
                ", …"
            } else {
                ""
            };
            text.push_str(&format!(" ({}{more})", self.examples.join(", ")));
        }
        text
    }
}

/// How many lines were read, used and skipped, and why.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct SkippedLines {
    /// Number of lines read, without empty lines.
    pub lines: u64,
    /// Number of lines used.
    pub used: u64,
    /// Number of lines with too few columns.
    pub short_lines: u64,
    /// Proteins that are not in the ground truth. Always empty for a ground truth.
    pub unknown_proteins: SkippedNames,
    /// Terms that are not in the ontology, or obsolete in it, on lines of proteins that are in the
    /// ground truth.
    pub unknown_terms: SkippedNames,
    /// Number of lines whose protein is in the ground truth, but not in the namespace of the term.
    pub other_namespace: u64,
    /// Those of the unknown terms that are obsolete in the ontology.
    #[serde(skip_serializing_if = "SkippedNames::is_empty")]
    pub obsolete_terms: SkippedNames,
    /// Terms that were read although they are written in another form, such as `GO_0008150`.
    #[serde(skip_serializing_if = "SkippedNames::is_empty")]
    pub respelled_terms: SkippedNames,
    /// Obsolete terms that were read as the terms that replace them; see
    /// [`with_obsolete_mapped`](protea_ontology::Ontology::with_obsolete_mapped).
    #[serde(skip_serializing_if = "SkippedNames::is_empty")]
    pub mapped_terms: SkippedNames,
    /// Number of lines that are comments, the header of the table, or about the team that submits.
    #[serde(skip_serializing_if = "is_zero")]
    pub remarks: u64,
    /// Number of used scores above 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub above_one: u64,
    /// The highest of the scores above 1; 0 if there is none.
    #[serde(skip)]
    pub highest: f64,
    /// Number of used scores that are NaN. They do not count.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_numbers: u64,
    /// Number of used scores below 0. They do not count.
    #[serde(skip_serializing_if = "is_zero")]
    pub negative: u64,
    /// Number of lines with columns in quotation marks, which are no part of the columns.
    #[serde(skip_serializing_if = "is_zero")]
    pub quoted: u64,
    /// Predictions: which columns were read, if the header names others than the first three.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_columns: Option<String>,
    /// Predictions: the name of the third column in the header, if it was read as the score but the
    /// name does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubtful_column: Option<String>,
    /// Predictions: number of lines with more than three columns, of which the third was read as the
    /// score.
    #[serde(skip_serializing_if = "is_zero")]
    pub further_columns: u64,
    /// Those of them with a number in the fourth column, which could be the score too.
    #[serde(skip_serializing_if = "is_zero")]
    pub further_numbers: u64,
    /// Those of them with a line break that is not read as one, such as NEL of mainframes.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_line_breaks: u64,
    /// Number of lines `MODEL` of a submission. The predictions of all models are one method.
    #[serde(skip_serializing_if = "is_zero")]
    pub models: u64,
    /// Ground truth: proteins on lines with a term also in the third column, which is not read.
    #[serde(skip_serializing_if = "SkippedNames::is_empty")]
    pub further_terms: SkippedNames,
    /// Whether the file starts with a byte-order mark, which is no part of its first column.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub byte_order_mark: bool,
    /// Whether the file ends with a Ctrl-Z, which is no part of its last line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ctrl_z: bool,
    /// The first line with too few columns, at most 200 bytes of it.
    #[serde(skip)]
    pub(super) short_line: Vec<u8>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl SkippedLines {
    pub(super) fn merge(&mut self, later: SkippedLines) {
        self.lines += later.lines;
        self.used += later.used;
        self.short_lines += later.short_lines;
        self.unknown_proteins.merge(later.unknown_proteins);
        self.unknown_terms.merge(later.unknown_terms);
        self.other_namespace += later.other_namespace;
        self.obsolete_terms.merge(later.obsolete_terms);
        self.respelled_terms.merge(later.respelled_terms);
        self.mapped_terms.merge(later.mapped_terms);
        self.remarks += later.remarks;
        self.above_one += later.above_one;
        self.highest = self.highest.max(later.highest);
        self.not_numbers += later.not_numbers;
        self.negative += later.negative;
        self.quoted += later.quoted;
        self.further_terms.merge(later.further_terms);
        self.named_columns = self.named_columns.take().or(later.named_columns);
        self.doubtful_column = self.doubtful_column.take().or(later.doubtful_column);
        self.further_columns += later.further_columns;
        self.further_numbers += later.further_numbers;
        self.other_line_breaks += later.other_line_breaks;
        self.models += later.models;
        if self.short_line.is_empty() {
            self.short_line = later.short_line;
        }
    }

    pub(super) fn mark(&mut self, marks: TextMarks) {
        self.byte_order_mark = marks.byte_order_mark;
        self.ctrl_z = marks.ctrl_z;
    }

    pub(super) fn add_short(&mut self, line: &[u8]) {
        self.short_lines += 1;
        if self.short_line.is_empty() {
            self.short_line = line[..line.len().min(200)].to_owned();
        }
    }

    /// Counts what follows the third column of a line.
    #[cold]
    pub(super) fn add_further(&mut self, rest: &[u8], reading: Reading) {
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let [fourth] = columns(rest, reading);
        if fourth.is_empty() {
            return;
        }
        self.further_columns += 1;
        self.further_numbers += u64::from(float(fourth).is_some());
        let breaks: [&[u8]; 3] = [
            "\u{85}".as_bytes(),
            "\u{2028}".as_bytes(),
            "\u{2029}".as_bytes(),
        ];
        let has = |wanted: &[u8]| rest.windows(wanted.len()).any(|part| part == wanted);
        self.other_line_breaks += u64::from(breaks.into_iter().any(has));
    }

    pub(super) fn add_unknown_term(&mut self, term: &[u8], ontology: &Ontology) {
        self.unknown_terms.add(term);
        if std::str::from_utf8(term).is_ok_and(|id| ontology.is_obsolete(id)) {
            self.obsolete_terms.add(term);
        }
    }

    /// The separator of the lines, if none was used because they are separated by something else
    /// than white space.
    pub(super) fn other_separator(&self) -> Option<&'static str> {
        if self.used > 0 {
            return None;
        }
        if self.short_lines == 0 {
            // DeepGOPlus writes the term and its score as one column: `GO:0008150|0.98`.
            let first = self.unknown_terms.examples.first();
            return first.and_then(|term| other_separator(term.as_bytes()));
        }
        other_separator(&self.short_line)
    }
}
