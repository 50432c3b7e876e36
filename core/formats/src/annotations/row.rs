//! One row of a file of annotations, and what it may hold.

use jiff::civil::Date;
use protea_ontology::Aspect;

use crate::accession;
use crate::error::{FormatError, excerpt};
use crate::lines::Lines;

/// One annotation as the file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnotationRow<'a> {
    /// The protein. For UniProtKB's entries the canonical one: `P12345` for `P12345-2` and `P12345:PRO_0000012345`.
    pub accession: &'a str,
    /// The isoform that is meant, such as `P12345-2`, where GAF (column 17) or GPAD names one.
    pub isoform: Option<&'a str>,
    /// The term, such as `GO:0005515`; not looked up in an ontology here.
    pub term: &'a str,
    /// The aspect the file gives; GPAD has none.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`; only GAF and GPAD have it. An ECO identifier of GPAD that is no GO evidence code stays as
    /// it is: `ECO:0001234`.
    pub evidence: Option<&'a str>,
    /// NCBI taxon of the protein; only GAF has it.
    pub taxon: Option<u32>,
    /// When the annotation was made; only GAF and GPAD have it.
    pub date: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Layout {
    Table,
    Gaf,
    /// GPAD 1.1 and 1.2: database and identifier in two columns.
    GpadOne,
    /// GPAD 2.0: both in one.
    GpadTwo,
}

/// What becomes of a row.
pub(super) enum Fate {
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
            format!("{} is no accession", excerpt(word.as_bytes())),
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
        return Err(lines.malformed(format!("{} is no term", excerpt(term.as_bytes())), remedy));
    }
    Ok(term)
}
