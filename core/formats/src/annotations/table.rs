//! Parses rows of CAFA tables: accession, term and perhaps aspect.

use protea_ontology::{
    Aspect,
    spelling::{self, trim_invisible},
};

use super::row::{AnnotationRow, Parsed, Problem, field, usable_accession, usable_term};
use crate::error::excerpt;

const REMEDY: &str =
    "give 'accession<tab>term<tab>aspect' (the aspect is optional), a GAF or a GPAD file";

/// A row is a header if its second column is not a term.
pub(super) fn is_header(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else {
        return false;
    };
    !words(line).nth(1).is_some_and(|word| {
        word.contains(':')
            || spelling::canonical(word).is_some()
            || spelling::padded(word).is_some()
    })
}

/// The separator of the columns, if it is one that is not read.
pub(super) fn other_separator(line: &[u8]) -> Option<&'static str> {
    // A field behind the first separator can have blanks, as in `P12345,"GO:0005515; GO:0008150"`.
    let mut words = line.split(u8::is_ascii_whitespace);
    let first = words.find(|word| !word.is_empty()).unwrap_or(line);
    let is_one_column = !line.contains(&b'\t');
    let count = |separator: u8| first.iter().filter(|&&byte| byte == separator).count();
    [(b',', "commas"), (b';', "semicolons")]
        .into_iter()
        .filter(|&(separator, _)| is_one_column && count(separator) > 0)
        .max_by_key(|&(separator, _)| count(separator))
        .map(|(_, name)| name)
}

/// What separates the terms of a cell: goatools writes semicolons, topGO commas, InterPro bars.
fn separates_terms(c: char) -> bool {
    matches!(c, ';' | ',' | '|') || c.is_whitespace()
}

/// The next of several terms in a cell, and what is behind it.
pub(super) fn next_term(cell: &str) -> Option<(&str, &str)> {
    let cell = cell.trim_start_matches(separates_terms);
    let end = cell.find(separates_terms).unwrap_or(cell.len());
    (end > 0).then(|| cell.split_at(end))
}

/// Whether a cell is a list of two or more terms, and nothing else.
fn is_list(cell: &str) -> bool {
    let mut terms = cell.split(separates_terms).filter(|term| !term.is_empty());
    cell.contains(separates_terms)
        && terms.clone().nth(1).is_some()
        && terms.all(|term| term.contains(':') && spelling::canonical(term).is_some())
}

/// The accession of a row, as far as a damaged row has one.
pub(super) fn accession_word(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    words(line).next()
}

/// Splits a line at tabs or, if it has none, at blanks, like cafaeval. Quotes around a field, as R
/// writes them, are removed.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let tabbed = line.contains('\t');
    line.split(move |c: char| if tabbed { c == '\t' } else { c.is_whitespace() })
        .map(trim_invisible)
        .filter(move |word| tabbed || !word.is_empty())
        .map(|word| {
            let inner = word
                .strip_prefix('"')
                .and_then(|word| word.strip_suffix('"'));
            inner.unwrap_or(word)
        })
}

pub(super) fn row(line: &[u8]) -> Result<Parsed<'_>, Problem> {
    let mut words = words(field(line, 1, "convert the file to UTF-8")?);
    let (Some(word), Some(term), third) = (words.next(), words.next(), words.next()) else {
        return Err(columns(line));
    };
    // Extra tabs at the end of a line are harmless.
    if words.any(|word| !word.is_empty()) {
        return Err(columns(line));
    }
    let aspect = match third {
        None | Some("") => None,
        Some(text) => Some(text.parse::<Aspect>().map_err(|_| {
            Problem::new(
                format!("{} is not an aspect", excerpt(text.as_bytes())),
                "write F, P or C (or MFO, BPO, CCO)",
            )
        })?),
    };
    let (term, more_terms) = match next_term(term) {
        Some((first, more)) if is_list(term) => (first, Some(more)),
        _ => (usable_term(term, REMEDY)?, None),
    };
    let mut parsed = Parsed::from(AnnotationRow {
        accession: usable_accession(word, REMEDY)?,
        isoform: None,
        term,
        aspect,
        evidence: None,
        taxon: None,
        date: None,
        negated: false,
    });
    parsed.more_terms.extend(more_terms);
    Ok(parsed)
}

fn columns(line: &[u8]) -> Problem {
    Problem::new(
        format!("{} does not have two or three columns", excerpt(line)),
        REMEDY,
    )
}
