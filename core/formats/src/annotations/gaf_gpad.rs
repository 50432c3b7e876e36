//! Parses rows of GAF and GPAD.
//!
//! GAF 2: <https://geneontology.org/docs/go-annotation-file-gaf-format-2.2/>. GPAD:
//! <https://geneontology.org/docs/gene-product-association-data-gpad-format/>, and for version 2
//! <https://github.com/geneontology/go-annotation/blob/master/specs/gpad-gpi-2-0.md>.

use jiff::civil::Date;
use protea_ontology::Aspect;

use super::{
    eco,
    layout::Layout,
    row::{AnnotationRow, Parsed, Problem, field, unquoted, usable_accession, usable_term},
};
use crate::{accession, error::excerpt, lines::separator_hint};

const GAF: &str = "a GAF 2 line has 17 columns separated by tabs (object in 2, term in 5, evidence in 7, aspect in 9, taxon in 13, date in 14)";
const GPAD: &str = "a GPAD line has 12 columns separated by tabs (term in 4, evidence in 6, date in 9; the object in 1 and 2, or in 1)";

/// Splits a line into columns. Columns after the first `least` may be missing.
fn columns<'a, const N: usize>(
    line: &'a [u8],
    least: usize,
    remedy: &'static str,
) -> Result<[&'a [u8]; N], Problem> {
    let mut columns = [&line[..0]; N];
    let mut count = 0;
    for text in line.split(|&b| b == b'\t') {
        match columns.get_mut(count) {
            Some(column) => *column = unquoted(text),
            // Extra tabs at the end of a line are harmless.
            None if text.trim_ascii().is_empty() => continue,
            None => {
                return Err(Problem::new(
                    format!("the line has more than {N} columns"),
                    remedy,
                ));
            }
        }
        count += 1;
    }
    if count < least {
        return Err(Problem::new(
            format!(
                "{} has {count} columns, not {least} to {N}{}",
                excerpt(line),
                separator_hint(line)
            ),
            remedy,
        ));
    }
    Ok(columns)
}

fn is_negated(qualifiers: &str) -> bool {
    qualifiers
        .split(|c: char| c == '|' || c.is_whitespace())
        .any(|qualifier| qualifier.eq_ignore_ascii_case("NOT"))
}

/// The database and the identifier of the object of a row, as far as a damaged row has them.
pub(super) fn object_of<'a>(line: &'a [u8], layout: &Layout) -> Option<(&'a str, &'a str)> {
    let mut columns = line.split(|&b| b == b'\t');
    let first = std::str::from_utf8(unquoted(columns.next()?)).ok()?.trim();
    if *layout == Layout::GpadTwo {
        return first.split_once(':');
    }
    let second = std::str::from_utf8(unquoted(columns.next()?)).ok()?.trim();
    Some((first, second))
}

pub(super) fn gaf_row(line: &[u8]) -> Result<Parsed<'_>, Problem> {
    let columns: [&[u8]; 17] = columns(line, 15, GAF)?;
    let text = |column: usize| field(columns[column - 1], column, GAF);
    let evidence = text(7)?;
    if evidence.is_empty() || evidence.len() > 16 {
        return Err(Problem::column(7, evidence, "an evidence code", GAF));
    }
    let aspect = text(9)?;
    let aspect = aspect
        .parse::<Aspect>()
        .map_err(|_| Problem::column(9, aspect, "an aspect", GAF))?;
    let (accession, isoform) = object(text(1)?, text(2)?);
    let accession = usable_accession(accession, GAF)?;
    let form = text(17)?;
    let form = form.strip_prefix("UniProtKB:").unwrap_or(form);
    let isoform = isoform.or_else(|| {
        let (entry, isoform) = object("UniProtKB", form);
        isoform.filter(|_| entry == accession)
    });
    let mut parsed = Parsed::from(AnnotationRow {
        accession,
        isoform,
        term: usable_term(text(5)?, GAF)?,
        aspect: Some(aspect),
        evidence: Some(evidence),
        taxon: None,
        date: None,
        negated: is_negated(text(4)?),
    });
    let lossy = |column: usize| {
        std::str::from_utf8(columns[column - 1])
            .unwrap_or("\u{fffd}")
            .trim()
    };
    // A second taxon is that of an organism that interacts with the protein's own.
    let first = lossy(13).split('|').next().unwrap_or("").trim();
    parsed.row.taxon = first
        .strip_prefix("taxon:")
        .or_else(|| first.strip_prefix("NCBITaxon:"))
        .and_then(accession::parse_taxon);
    if parsed.row.taxon.is_none() {
        parsed.taxon = Some(Problem::column(13, lossy(13), "a taxon", GAF));
    }
    match date(lossy(14)) {
        Ok(date) => parsed.row.date = date,
        Err(()) => parsed.date = Some(Problem::column(14, lossy(14), "a date", GAF)),
    }
    Ok(parsed)
}

/// GOA writes the original code into the last column, which is more exact than mapping the ECO
/// class to a code.
fn gpad_evidence<'a>(properties: &'a str, eco: &'a str) -> &'a str {
    properties
        .split('|')
        .find_map(|property| property.trim().strip_prefix("go_evidence="))
        .filter(|code| !code.is_empty() && code.len() <= 16)
        .unwrap_or_else(|| eco::from_eco(eco))
}

pub(super) fn gpad_row<'a>(line: &'a [u8], layout: &Layout) -> Result<Parsed<'a>, Problem> {
    let columns: [&[u8]; 12] = columns(line, 10, GPAD)?;
    let text = |column: usize| field(columns[column - 1], column, GPAD);
    let first = text(1)?;
    let two = *layout == Layout::GpadTwo;
    let (database, identifier) = if two {
        first
            .split_once(':')
            .ok_or_else(|| Problem::column(1, first, "an identifier with its database", GPAD))?
    } else {
        (first, text(2)?)
    };
    let eco = text(6)?;
    if !eco.starts_with("ECO:") || eco.len() > 16 {
        return Err(Problem::column(6, eco, "an ECO identifier", GPAD));
    }
    let (accession, isoform) = object(database, identifier);
    let mut parsed = Parsed::from(AnnotationRow {
        accession: usable_accession(accession, GPAD)?,
        isoform,
        term: usable_term(text(4)?, GPAD)?,
        aspect: None,
        evidence: Some(gpad_evidence(
            std::str::from_utf8(columns[11]).unwrap_or(""),
            eco,
        )),
        taxon: None,
        date: None,
        negated: is_negated(text(if two { 2 } else { 3 })?),
    });
    let day = std::str::from_utf8(columns[8]).unwrap_or("\u{fffd}").trim();
    match date(day) {
        Ok(date) => parsed.row.date = date,
        Err(()) => parsed.date = Some(Problem::column(9, day, "a date", GPAD)),
    }
    Ok(parsed)
}

/// The entry and its isoform, if the identifier names one. UniProtKB writes isoforms as `P12345-2`
/// and chains as `P12345:PRO_0000012345`. The name of the database may be repeated. Identifiers of
/// other databases are kept as they are.
pub(super) fn object<'a>(database: &str, identifier: &'a str) -> (&'a str, Option<&'a str>) {
    if !database.eq_ignore_ascii_case("UniProtKB") && !database.eq_ignore_ascii_case("UniProt") {
        return (identifier, None);
    }
    let identifier = match identifier.split_once(':') {
        Some((prefix, identifier)) if prefix.eq_ignore_ascii_case(database) => identifier,
        _ => identifier,
    };
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
pub(super) fn date(text: &str) -> Result<Option<Date>, ()> {
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
