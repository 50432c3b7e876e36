//! Annotations in tables whose header names the columns: gene2go of NCBI, QuickGO, UniProt.

use jiff::civil::Date;
use protea_ontology::Aspect;

use super::{
    eco,
    gaf_gpad::{date, object},
    layout::Columns,
    row::{AnnotationRow, Parsed, Problem, field, unquoted, usable_accession, usable_term},
};
use crate::{accession, error::excerpt, lines::separator_hint};

const REMEDY: &str = "download the table again, or give GAF";

/// The word of the accession column of a row, if the row has one.
pub(super) fn accession_word<'a>(line: &'a [u8], columns: &Columns) -> Option<&'a [u8]> {
    line.split(|&b| b == b'\t')
        .nth(columns.accession)
        .map(unquoted)
}

pub(super) fn row<'a>(line: &'a [u8], columns: &Columns) -> Result<Parsed<'a>, Problem> {
    let fields: Vec<&[u8]> = line.split(|&b| b == b'\t').map(unquoted).collect();
    if fields.len() < columns.least() {
        return Err(Problem::new(
            format!(
                "{} has {} columns, not {} or more{}",
                excerpt(line),
                fields.len(),
                columns.least(),
                separator_hint(line)
            ),
            REMEDY,
        ));
    }
    let text = |column: usize| field(fields[column], column + 1, REMEDY);
    let optional = |column: Option<usize>| match column {
        Some(column) if column < fields.len() => {
            text(column).map(|text| Some(text).filter(|t| !t.is_empty() && *t != "-"))
        }
        _ => Ok(None),
    };
    let database = optional(columns.database)?.unwrap_or("UniProtKB");
    let (entry, isoform) = object(database, text(columns.accession)?);
    let cell = |column: usize| match fields.get(column) {
        Some(_) => text(column).and_then(without_not),
        None => Ok(""),
    };
    let mut more_terms = Vec::new();
    let term = if columns.several_terms {
        // Proteins without annotations are rows too.
        let mut term = "";
        for &column in columns.further_terms.iter().rev().chain([&columns.term]) {
            let cell = cell(column)?;
            if is_missing(cell) {
                continue;
            }
            // The first term of an earlier column takes the place of this one.
            if !term.is_empty() {
                more_terms.push(term);
            }
            term = match next_term(cell) {
                Some((term, more)) => {
                    more_terms.push(more);
                    term
                }
                None => usable_term(cell, REMEDY)?,
            };
        }
        term
    } else {
        usable_term(cell(columns.term)?, REMEDY)?
    };
    let aspect = optional(columns.aspect)?.map(|text| match text {
        "Function" => Ok(Aspect::Mfo),
        "Process" => Ok(Aspect::Bpo),
        "Component" => Ok(Aspect::Cco),

        other => other.parse::<Aspect>().map_err(|_| {
            Problem::new(
                format!("{} is not an aspect", excerpt(other.as_bytes())),
                REMEDY,
            )
        }),
    });
    let evidence = match optional(columns.evidence)? {
        Some(code) => Some(code),
        None => optional(columns.eco)?.map(eco::from_eco),
    };
    let negated = optional(columns.qualifier)?.is_some_and(|qualifier| {
        qualifier
            .split(|c: char| c == '|' || c.is_whitespace())
            .any(|word| word.eq_ignore_ascii_case("NOT"))
    });
    let mut parsed = Parsed::from(AnnotationRow {
        accession: usable_accession(entry, REMEDY)?,
        isoform,
        term,
        aspect: aspect.transpose()?,
        evidence: evidence.filter(|code| code.len() <= 16),
        taxon: None,
        date: None,
        negated,
    });
    parsed.more_terms = more_terms;
    if let Some(taxon) = optional(columns.taxon)? {
        parsed.row.taxon = accession::parse_taxon(taxon);
        if parsed.row.taxon.is_none() {
            parsed.taxon = Some(Problem::new(
                format!("{} is not a taxon", excerpt(taxon.as_bytes())),
                REMEDY,
            ));
        }
    }
    if let Some(text) = optional(columns.date)? {
        let found: Result<Option<Date>, ()> = date(text);
        parsed.row.date = found.unwrap_or(None);
        if found.is_err() {
            parsed.date = Some(Problem::new(
                format!("{} is not a date", excerpt(text.as_bytes())),
                REMEDY,
            ));
        }
    }
    Ok(parsed)
}

/// Rejects a cell of terms of which one is negated.
fn without_not(cell: &str) -> Result<&str, Problem> {
    let negated = ["NOT|GO:", "NOT GO:", "NOT:GO:"];
    if negated.iter().any(|negated| cell.contains(negated)) {
        return Err(Problem::new(
            format!("{} has NOT beside a term", excerpt(cell.as_bytes())),
            "give GAF, in which a row with NOT is known as such",
        ));
    }
    Ok(cell)
}

/// Whether a cell says that there is no term.
fn is_missing(cell: &str) -> bool {
    matches!(
        cell.to_ascii_lowercase().as_str(),
        "" | "-" | "na" | "n/a" | "nan" | "none" | "null"
    )
}

/// The first term of a cell such as `GO:0005515; GO:0008150` or `binding [GO:0005488]; …`, and what
/// is behind it.
pub(super) fn next_term(cell: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = cell[from..].find("GO:").map(|at| from + at) {
        let digits = cell.as_bytes()[at + 3..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let end = at + 3 + digits;
        if digits == 7 {
            return Some((&cell[at..end], &cell[end..]));
        }
        from = end;
    }
    None
}
