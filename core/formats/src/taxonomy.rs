//! Reads the taxa of proteins.

mod layout;

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{
    FormatError, accession,
    annotations::{AnnotationReader, Wanted, looks_like_annotations},
    defects::{Defects, OnDefect},
    error::excerpt,
    lines::{Lines, separator_hint},
};
use layout::TaxonLayout;

/// The taxa of proteins.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Taxonomy {
    /// The taxon of each accession.
    pub taxa: HashMap<String, u32>,
    /// Rows that are damaged and were left out.
    pub damaged_rows: Defects,
    /// The accessions of the damaged rows, as far as they have one.
    pub damaged_proteins: HashSet<String>,
    /// Rows that say that the taxon is not known: it is missing, `NA` or 0.
    pub without_taxon: Defects,
}

/// Reads a table of accession and NCBI taxon, separated by a tab or blanks, and skips a header on
/// the first line, blank lines and comments. A header can name the two among other columns, as in a
/// download of UniProt or `accession2taxid` of NCBI. Also reads `idmapping.dat` of UniProt, and the
/// taxa of a GAF file; both are detected from the first line.
///
/// # Errors
///
/// [`FormatError::Malformed`] for an invalid line or a protein with two taxa;
/// [`FormatError::Empty`] for a file without rows; [`FormatError::Read`] if reading fails.
pub fn read_taxonomy(path: &Path) -> Result<HashMap<String, u32>, FormatError> {
    read_taxonomy_with(path, OnDefect::Stop).map(|taxonomy| taxonomy.taxa)
}

/// Reads taxa like [`read_taxonomy`], with a choice for damaged rows.
///
/// # Errors
///
/// Those of [`read_taxonomy`]; [`FormatError::Malformed`] for damaged rows only with
/// [`OnDefect::Stop`].
pub fn read_taxonomy_with(path: &Path, on_defect: OnDefect) -> Result<Taxonomy, FormatError> {
    read_taxonomy_of(path, on_defect, &|_| true)
}

/// Reads taxa like [`read_taxonomy_with`]. Damaged rows of proteins that do not matter to the caller are
/// left out and counted; `matters` is asked with the accession, or with an empty string for a row
/// without one.
///
/// # Errors
///
/// Those of [`read_taxonomy_with`]; [`FormatError::NoUsableRow`] if every row is damaged.
pub fn read_taxonomy_of(
    path: &Path,
    on_defect: OnDefect,
    matters: &dyn Fn(&str) -> bool,
) -> Result<Taxonomy, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut found = Taxonomy::default();
    let mut is_first = true;
    let mut layout = TaxonLayout::TwoColumns;
    let mut rows = 0;
    while lines.advance()? {
        let line = lines.line();
        if is_first && !names_taxa(line) && looks_like_annotations(line) {
            return taxa_of_annotations(lines, on_defect, matters);
        }
        if line.trim_ascii().is_empty() || matches!(line[0], b'#' | b'!') {
            continue;
        }
        let is_first = std::mem::take(&mut is_first);
        if is_first {
            layout = TaxonLayout::detect(line);
            if matches!(layout, TaxonLayout::Named(_)) {
                continue;
            }
        }
        let read = match layout.fields(&lines) {
            Ok(None) => continue,
            Ok(Some(fields)) => row(fields, &lines),
            Err(error) => Err(error),
        };
        rows += 1;
        let result = match read {
            Ok((accession, Some(taxon))) => {
                let accession = accession.to_owned();
                add(&mut found.taxa, &accession, taxon, &lines).map_err(|error| (error, accession))
            }
            Ok((accession, None)) => {
                let problem = format!("protein {accession} has no taxon");
                found.without_taxon.add(&lines.malformed(problem, REMEDY));
                Ok(())
            }
            Err(_) if is_first && !line.iter().any(u8::is_ascii_digit) => {
                rows -= 1;
                Ok(())
            }
            Err(error) => {
                let word = layout.accession(line).unwrap_or_default();
                let accession = accession::from_word(word).unwrap_or_default();
                Err((error, accession.to_owned()))
            }
        };
        if let Err((error, accession)) = result {
            if on_defect == OnDefect::Stop && matters(&accession) {
                return Err(error);
            }
            found.damaged_rows.add(&error);
            found.damaged_proteins.insert(accession);
        }
    }
    if found.taxa.is_empty()
        && let Some(first) = found.damaged_rows.examples.first()
    {
        return Err(FormatError::NoUsableRow {
            path: path.to_owned(),
            rows,
            expected: "accession and a taxon",
            first: first.clone(),
        });
    }
    if found.taxa.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of accession and taxon",
        });
    }
    Ok(found)
}

/// Whether a first line is that of a table that names its columns of accessions and taxa, or of
/// `idmapping.dat`.
pub(super) fn names_taxa(line: &[u8]) -> bool {
    !matches!(TaxonLayout::detect(line), TaxonLayout::TwoColumns)
}

const REMEDY: &str = "give two columns, such as 'P12345<tab>9606'";

/// The accession and the taxon of a row; `None` for a taxon that is not known.
fn row<'l>(
    [word, taxon]: [&'l str; 2],
    lines: &Lines,
) -> Result<(&'l str, Option<u32>), FormatError> {
    let taxon = taxon
        .strip_prefix("taxon:")
        .or_else(|| taxon.strip_prefix("NCBITaxon:"))
        .unwrap_or(taxon);
    let accession = accession::from_word(word).ok_or_else(|| not_a_row(lines))?;
    if is_missing(taxon) {
        return Ok((accession, None));
    }
    // A column of numbers with gaps becomes 9606.0 in pandas.
    let whole = taxon.strip_suffix(".0").unwrap_or(taxon);
    match accession::parse_taxon(whole) {
        Some(taxon) => Ok((accession, Some(taxon))),
        None => Err(not_a_row(lines)),
    }
}

/// Whether a field says that the taxon is not known.
fn is_missing(taxon: &str) -> bool {
    matches!(
        taxon.to_ascii_lowercase().as_str(),
        "" | "-" | "." | "0" | "na" | "n/a" | "nan" | "<na>" | "none" | "null" | "unknown"
    )
}

fn add(
    taxa: &mut HashMap<String, u32>,
    accession: &str,
    taxon: u32,
    lines: &Lines,
) -> Result<(), FormatError> {
    match taxa.get(accession) {
        Some(&first) if first != taxon => Err(lines.malformed(
            format!("protein {accession} has taxon {taxon} here and {first} above"),
            "keep the correct one of the two lines",
        )),
        Some(_) => Ok(()),
        None => {
            taxa.insert(accession.to_owned(), taxon);
            Ok(())
        }
    }
}

fn taxa_of_annotations(
    lines: Lines,
    on_defect: OnDefect,
    matters: &dyn Fn(&str) -> bool,
) -> Result<Taxonomy, FormatError> {
    let mut reader = AnnotationReader::resume(lines, true);
    let mut found = Taxonomy::default();
    let damaged = RefCell::new(HashSet::new());
    let protein = |accession: &str| {
        damaged.borrow_mut().insert(accession.to_owned());
        matters(accession)
    };
    let wanted = Wanted {
        dates: false,
        on_defect,
        protein: &protein,
        ..Wanted::default()
    };
    loop {
        let Some(row) = reader.next_wanted(&wanted)? else {
            found.damaged_rows.merge(reader.damaged_rows());
            found.damaged_proteins.extend(damaged.take());
            return Ok(found);
        };
        let known = row.taxon.is_some() && found.taxa.get(row.accession).copied() == row.taxon;
        if known {
            continue;
        }
        let (accession, taxon) = (row.accession.to_owned(), row.taxon);
        let lines = reader.lines();
        let taxon = taxon.ok_or_else(|| {
            lines.malformed(
                "a GPAD file does not have the taxon of a protein",
                "give GAF, or a table of accession and taxon",
            )
        })?;
        if let Err(error) = add(&mut found.taxa, &accession, taxon, lines) {
            if on_defect == OnDefect::Stop && matters(&accession) {
                return Err(error);
            }
            found.damaged_rows.add(&error);
            found.damaged_proteins.insert(accession);
        }
    }
}

fn not_a_row(lines: &Lines) -> FormatError {
    lines.malformed(
        format!(
            "{} is not an accession and a taxon{}",
            excerpt(lines.line()),
            separator_hint(lines.line())
        ),
        REMEDY,
    )
}
