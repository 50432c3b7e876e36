//! Parses rows of GAF and GPAD.
//!
//! GAF 2: <https://geneontology.org/docs/go-annotation-file-gaf-format-2.2/>. GPAD:
//! <https://geneontology.org/docs/gene-product-association-data-gpad-format/>, and for version 2
//! <https://github.com/geneontology/go-annotation/blob/master/specs/gpad-gpi-2-0.md>.

use jiff::civil::Date;
use protea_ontology::Aspect;

use super::{
    evidence,
    row::{AnnotationRow, Layout, RowKind, usable_accession, usable_term},
};
use crate::{
    accession,
    error::{FormatError, excerpt},
    lines::Lines,
};

const GAF: &str = "a GAF 2 line has 17 columns separated by tabs (object in 2, term in 5, evidence in 7, aspect in 9, taxon in 13, date in 14)";
const GPAD: &str = "a GPAD line has 12 columns separated by tabs (term in 4, evidence in 6, date in 9; the object in 1 and 2, or in 1)";

/// Splits a line into columns. Columns after the first `least` may be missing.
fn columns<'a, const N: usize>(
    lines: &'a Lines,
    least: usize,
    remedy: &'static str,
) -> Result<[&'a str; N], FormatError> {
    let mut columns = [""; N];
    let mut count = 0;
    for text in lines.text()?.split('\t').map(str::trim) {
        match columns.get_mut(count) {
            Some(column) => *column = text,
            // Extra tabs at the end of a line are harmless.
            None if text.is_empty() => continue,
            None => {
                return Err(lines.malformed(format!("the line has more than {N} columns"), remedy));
            }
        }
        count += 1;
    }
    if count < least {
        return Err(lines.malformed(
            format!(
                "{} has {count} columns, not {least} to {N}",
                excerpt(lines.line())
            ),
            remedy,
        ));
    }
    Ok(columns)
}

fn row_kind(qualifiers: &str, evidence: &str) -> RowKind {
    let negated = qualifiers
        .split('|')
        .any(|qualifier| qualifier.trim().eq_ignore_ascii_case("NOT"));
    match evidence {
        _ if negated => RowKind::Negated,
        "ND" => RowKind::NoData,
        _ => RowKind::Kept,
    }
}

fn gaf_columns(lines: &Lines) -> Result<[&str; 17], FormatError> {
    columns(lines, 15, GAF)
}

pub(super) fn gaf_row_kind(lines: &Lines) -> Result<RowKind, FormatError> {
    let columns = gaf_columns(lines)?;
    Ok(row_kind(columns[3], columns[6]))
}

pub(super) fn gaf_row(lines: &Lines) -> Result<AnnotationRow<'_>, FormatError> {
    let columns = gaf_columns(lines)?;
    let evidence = columns[6];
    if evidence.is_empty() || evidence.len() > 16 {
        return Err(invalid_column(lines, 7, evidence, "an evidence code", GAF));
    }
    let aspect = columns[8]
        .parse::<Aspect>()
        .map_err(|_| invalid_column(lines, 9, columns[8], "an aspect", GAF))?;
    // A second taxon is that of an organism that interacts with the protein's own.
    let first = columns[12].split('|').next().unwrap_or("").trim();
    let taxon = first
        .strip_prefix("taxon:")
        .or_else(|| first.strip_prefix("NCBITaxon:"))
        .and_then(accession::parse_taxon)
        .ok_or_else(|| invalid_column(lines, 13, columns[12], "a taxon", GAF))?;
    let (accession, isoform) = object(columns[0], columns[1]);
    let accession = usable_accession(lines, accession, GAF)?;
    let form = columns[16]
        .strip_prefix("UniProtKB:")
        .unwrap_or(columns[16]);
    let isoform = isoform.or_else(|| {
        let (entry, isoform) = object("UniProtKB", form);
        isoform.filter(|_| entry == accession)
    });
    Ok(AnnotationRow {
        accession,
        isoform,
        term: usable_term(lines, columns[4], GAF)?,
        aspect: Some(aspect),
        evidence: Some(evidence),
        taxon: Some(taxon),
        date: date(columns[13])
            .map_err(|()| invalid_column(lines, 14, columns[13], "a date", GAF))?,
    })
}

fn gpad_columns(lines: &Lines) -> Result<[&str; 12], FormatError> {
    columns(lines, 10, GPAD)
}

pub(super) fn gpad_row_kind(lines: &Lines, layout: Layout) -> Result<RowKind, FormatError> {
    let columns = gpad_columns(lines)?;
    let qualifiers = columns[if layout == Layout::GpadTwo { 1 } else { 2 }];
    Ok(row_kind(qualifiers, gpad_evidence(&columns)))
}

/// GOA writes the original code into the last column, which is more exact than mapping the ECO
/// class to a code.
fn gpad_evidence<'a>(columns: &[&'a str; 12]) -> &'a str {
    columns[11]
        .split('|')
        .find_map(|property| property.trim().strip_prefix("go_evidence="))
        .filter(|code| !code.is_empty() && code.len() <= 16)
        .unwrap_or_else(|| evidence::from_eco(columns[5]))
}

pub(super) fn gpad_row(lines: &Lines, layout: Layout) -> Result<AnnotationRow<'_>, FormatError> {
    let columns = gpad_columns(lines)?;
    let (database, identifier) = if layout == Layout::GpadTwo {
        columns[0].split_once(':').ok_or_else(|| {
            invalid_column(
                lines,
                1,
                columns[0],
                "an identifier with its database",
                GPAD,
            )
        })?
    } else {
        (columns[0], columns[1])
    };
    let eco = columns[5];
    if !eco.starts_with("ECO:") || eco.len() > 16 {
        return Err(invalid_column(lines, 6, eco, "an ECO identifier", GPAD));
    }
    let (accession, isoform) = object(database, identifier);
    Ok(AnnotationRow {
        accession: usable_accession(lines, accession, GPAD)?,
        isoform,
        term: usable_term(lines, columns[3], GPAD)?,
        aspect: None,
        evidence: Some(gpad_evidence(&columns)),
        taxon: None,
        date: date(columns[8])
            .map_err(|()| invalid_column(lines, 9, columns[8], "a date", GPAD))?,
    })
}

fn invalid_column(
    lines: &Lines,
    column: usize,
    text: &str,
    expected: &str,
    remedy: &'static str,
) -> FormatError {
    lines.malformed(
        format!(
            "column {column} is {}, which is not {expected}",
            excerpt(text.as_bytes())
        ),
        remedy,
    )
}

/// The entry and its isoform, if the identifier names one. UniProtKB writes isoforms as `P12345-2`
/// and chains as `P12345:PRO_0000012345`. Identifiers of other databases are kept as they are.
fn object<'a>(database: &str, identifier: &'a str) -> (&'a str, Option<&'a str>) {
    if !database.eq_ignore_ascii_case("UniProtKB") && !database.eq_ignore_ascii_case("UniProt") {
        return (identifier, None);
    }
    let entry = identifier.split(':').next().unwrap_or(identifier);
    match entry.split_once('-') {
        Some((canonical, number))
            if accession::is_uniprot(canonical)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (canonical, Some(entry))
        }
        _ => (entry, None),
    }
}

/// Parses `20240131` or, in GPAD 2, `2024-01-31` with an optional time. An empty string is a
/// missing date, `None`.
fn date(text: &str) -> Result<Option<Date>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.split('T').next().unwrap_or(text);
    let digits: String = match day.len() {
        8 => day.to_owned(),
        10 if day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-' => day.replace('-', ""),
        _ => return Err(()),
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    let part = |range: std::ops::Range<usize>| digits[range].parse::<i16>().map_err(|_| ());
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    Date::new(year, month as i8, day as i8)
        .map(Some)
        .map_err(|_| ())
}
