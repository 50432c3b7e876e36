//! A row of a file of annotations, and the checks of its columns.

use std::ops::Range;

use jiff::civil::Date;
use protea_ontology::{
    Aspect,
    spelling::{self, trim_invisible},
};

use crate::{accession, error::excerpt};

/// One annotation, as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnotationRow<'a> {
    /// Accession of the protein. For UniProtKB it is the canonical entry: `P12345` for `P12345-2`
    /// and `P12345:PRO_0000012345`.
    pub accession: &'a str,
    /// The isoform, such as `P12345-2`, if GAF (column 17) or GPAD names one.
    pub isoform: Option<&'a str>,
    /// The term, such as `GO:0005515`. It is not checked against an ontology and may be written in
    /// another form, such as `GO_0005515`.
    pub term: &'a str,
    /// The aspect in the file; GPAD has none.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`; CAFA tables have none. An ECO class of GPAD without an
    /// evidence code of GO is kept: `ECO:0001234`.
    pub evidence: Option<&'a str>,
    /// NCBI taxon of the protein; CAFA tables and GPAD have none.
    pub taxon: Option<u32>,
    /// Date of the annotation; CAFA tables have none.
    pub date: Option<Date>,
    /// Whether the row has the qualifier `NOT`: the protein does not have the term.
    pub negated: bool,
}

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Problem {
    pub text: String,
    pub remedy: &'static str,
}

impl Problem {
    pub fn new(text: String, remedy: &'static str) -> Self {
        Self { text, remedy }
    }

    pub fn column(column: usize, text: &str, expected: &str, remedy: &'static str) -> Self {
        Self::new(
            format!(
                "column {column} is {}, which is not {expected}",
                excerpt(text.as_bytes())
            ),
            remedy,
        )
    }
}

/// A row, and the fields that are damaged but play no part in most uses of a row.
pub(super) struct Parsed<'a> {
    pub row: AnnotationRow<'a>,
    pub taxon: Option<Problem>,
    pub date: Option<Problem>,
    /// Where further terms of the same protein are in the row, in reverse order.
    pub more_terms: Vec<&'a str>,
}

impl<'a> From<AnnotationRow<'a>> for Parsed<'a> {
    fn from(row: AnnotationRow<'a>) -> Self {
        Self {
            row,
            taxon: None,
            date: None,
            more_terms: Vec::new(),
        }
    }
}

/// A string of a row that does not borrow the line.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Part(Range<usize>),
    Constant(&'static str),
}

/// A row that does not borrow its line.
#[derive(Debug, Clone)]
pub(super) struct Located {
    accession: Text,
    isoform: Option<Text>,
    term: Text,
    aspect: Option<Aspect>,
    evidence: Option<Text>,
    taxon: Option<u32>,
    date: Option<Date>,
    negated: bool,
}

impl Located {
    /// Where the strings of `row` are in `line`. A string that is not in the line is a code of
    /// evidence.
    pub fn new(line: &[u8], row: &AnnotationRow<'_>) -> Self {
        let text = |part: &str| {
            let start = part.as_ptr().addr().wrapping_sub(line.as_ptr().addr());
            if start <= line.len() && line.len() - start >= part.len() {
                Text::Part(start..start + part.len())
            } else {
                Text::Constant(super::eco::constant(part))
            }
        };
        Self {
            accession: text(row.accession),
            isoform: row.isoform.map(text),
            term: text(row.term),
            aspect: row.aspect,
            evidence: row.evidence.map(text),
            taxon: row.taxon,
            date: row.date,
            negated: row.negated,
        }
    }

    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// The same annotation with another term of the line.
    pub fn with_term(mut self, term: Range<usize>) -> Self {
        self.term = Text::Part(term);
        self
    }

    pub fn row<'a>(&self, line: &'a [u8]) -> AnnotationRow<'a> {
        let text = |text: &Text| match text {
            // The part was checked when it was located.
            Text::Part(range) => std::str::from_utf8(&line[range.clone()]).unwrap_or(""),
            Text::Constant(text) => text,
        };
        AnnotationRow {
            accession: text(&self.accession),
            isoform: self.isoform.as_ref().map(text),
            term: text(&self.term),
            aspect: self.aspect,
            evidence: self.evidence.as_ref().map(text),
            taxon: self.taxon,
            date: self.date,
            negated: self.negated,
        }
    }
}

/// A field without the quotation marks that R and spreadsheets write around it.
pub(super) fn unquoted(field: &[u8]) -> &[u8] {
    match field {
        [b'"', inner @ .., b'"'] => inner,
        other => other,
    }
}

/// A field as a string, without white space around it.
pub(super) fn field<'a>(
    bytes: &'a [u8],
    column: usize,
    remedy: &'static str,
) -> Result<&'a str, Problem> {
    std::str::from_utf8(bytes).map(trim_invisible).map_err(|_| {
        Problem::new(
            format!("column {column} is {}, which is not UTF-8", excerpt(bytes)),
            remedy,
        )
    })
}

pub(super) fn usable_accession<'a>(
    word: &'a str,
    remedy: &'static str,
) -> Result<&'a str, Problem> {
    accession::from_word(word).ok_or_else(|| {
        Problem::new(
            format!("{} is not an accession", excerpt(word.as_bytes())),
            remedy,
        )
    })
}

pub(super) fn usable_term<'a>(term: &'a str, remedy: &'static str) -> Result<&'a str, Problem> {
    // Quotation marks, brackets and separators belong to a list or to JSON, not to an id.
    let usual = |c: char| c.is_alphanumeric() || "_-.+/#:".contains(c);
    let with_prefix = || {
        term.len() <= 64
            && term
                .split_once(':')
                .is_some_and(|(prefix, id)| !prefix.is_empty() && !id.is_empty())
            && term.chars().all(usual)
    };
    if with_prefix() || spelling::canonical(term).is_some() || spelling::padded(term).is_some() {
        return Ok(term);
    }
    Err(Problem::new(
        format!("{} is not a term", excerpt(term.as_bytes())),
        remedy,
    ))
}
