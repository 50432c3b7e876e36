//! A row of a file of annotations, and the checks of its columns.

use jiff::civil::Date;
use protea_ontology::Aspect;

use crate::{
    accession,
    error::{FormatError, excerpt},
    lines::Lines,
};

/// One annotation, as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnotationRow<'a> {
    /// Accession of the protein. For UniProtKB it is the canonical entry: `P12345` for `P12345-2`
    /// and `P12345:PRO_0000012345`.
    pub accession: &'a str,
    /// The isoform, such as `P12345-2`, if GAF (column 17) or GPAD names one.
    pub isoform: Option<&'a str>,
    /// The term, such as `GO:0005515`. It is not checked against an ontology.
    pub term: &'a str,
    /// The aspect in the file; GPAD has none.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`; only GAF and GPAD have it. An ECO class of GPAD without an
    /// evidence code of GO is kept: `ECO:0001234`.
    pub evidence: Option<&'a str>,
    /// NCBI taxon of the protein; only GAF has it.
    pub taxon: Option<u32>,
    /// Date of the annotation; only GAF and GPAD have it.
    pub date: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Layout {
    Table,
    Gaf,
    /// GPAD 1.1 and 1.2: database and identifier are two columns.
    GpadOne,
    /// GPAD 2.0: database and identifier are one column.
    GpadTwo,
}

/// Whether a row is an annotation or is skipped, and why.
pub(super) enum RowKind {
    Kept,
    Negated,
    NoData,
}

pub(super) fn usable_accession<'a>(
    lines: &Lines,
    word: &'a str,
    remedy: &'static str,
) -> Result<&'a str, FormatError> {
    accession::from_word(word).ok_or_else(|| {
        lines.malformed(
            format!("{} is not an accession", excerpt(word.as_bytes())),
            remedy,
        )
    })
}

pub(super) fn usable_term<'a>(
    lines: &Lines,
    term: &'a str,
    remedy: &'static str,
) -> Result<&'a str, FormatError> {
    let is_term = term.len() <= 64
        && term
            .split_once(':')
            .is_some_and(|(prefix, id)| !prefix.is_empty() && !id.is_empty())
        && !term.contains(char::is_whitespace);
    if !is_term {
        return Err(lines.malformed(
            format!("{} is not a term", excerpt(term.as_bytes())),
            remedy,
        ));
    }
    Ok(term)
}
