//! Reads the taxa of proteins.

use std::{collections::HashMap, path::Path};

use protea_ontology::spelling::trim_invisible;

use super::{
    FormatError, accession,
    annotations::{AnnotationReader, Wanted, looks_like_annotations},
    defects::{Defects, OnDefect},
    error::excerpt,
    lines::Lines,
};

/// The taxa of proteins.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Taxonomy {
    /// The taxon of each accession.
    pub taxa: HashMap<String, u32>,
    /// Rows of a GAF file that are damaged and were left out.
    pub damaged_rows: Defects,
}

/// Reads a table of accession and NCBI taxon, separated by a tab or blanks, and skips a header on
/// the first line. Also reads the taxa of a GAF file, which is detected from its first line.
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
    let mut lines = Lines::open(path)?;
    let mut found = Taxonomy::default();
    let mut is_first = true;
    while lines.advance()? {
        let line = lines.line();
        if is_first && looks_like_annotations(line) {
            return taxa_of_annotations(lines, on_defect);
        }
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let is_first = std::mem::take(&mut is_first);
        match row(&lines) {
            Ok((accession, taxon)) => {
                let accession = accession.to_owned();
                add(&mut found.taxa, accession, taxon, &lines)?;
            }
            Err(_) if is_first && !line.iter().any(u8::is_ascii_digit) => {}
            Err(error) if on_defect == OnDefect::Skip => found.damaged_rows.add(&error),
            Err(error) => return Err(error),
        }
    }
    if found.taxa.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of accession and taxon",
        });
    }
    Ok(found)
}

fn row(lines: &Lines) -> Result<(&str, u32), FormatError> {
    let mut words = lines.text()?.split_whitespace().map(trim_invisible);
    let (Some(word), Some(taxon), None) = (words.next(), words.next(), words.next()) else {
        return Err(not_a_row(lines));
    };
    let taxon = taxon
        .strip_prefix("taxon:")
        .or_else(|| taxon.strip_prefix("NCBITaxon:"))
        .unwrap_or(taxon);
    match (accession::from_word(word), accession::parse_taxon(taxon)) {
        (Some(accession), Some(taxon)) => Ok((accession, taxon)),
        _ => Err(not_a_row(lines)),
    }
}

fn add(
    taxa: &mut HashMap<String, u32>,
    accession: String,
    taxon: u32,
    lines: &Lines,
) -> Result<(), FormatError> {
    match taxa.get(&accession) {
        Some(&first) if first != taxon => Err(lines.malformed(
            format!("protein {accession} has taxon {taxon} here and {first} above"),
            "keep the correct one of the two lines",
        )),
        Some(_) => Ok(()),
        None => {
            taxa.insert(accession, taxon);
            Ok(())
        }
    }
}

fn taxa_of_annotations(lines: Lines, on_defect: OnDefect) -> Result<Taxonomy, FormatError> {
    let mut reader = AnnotationReader::resume(lines, true);
    let mut taxa: HashMap<String, u32> = HashMap::new();
    let wanted = Wanted {
        dates: false,
        on_defect,
        ..Wanted::default()
    };
    loop {
        let Some(row) = reader.next_wanted(&wanted)? else {
            return Ok(Taxonomy {
                taxa,
                damaged_rows: reader.damaged_rows().clone(),
            });
        };
        let known = row.taxon.is_some() && taxa.get(row.accession).copied() == row.taxon;
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
        add(&mut taxa, accession, taxon, lines)?;
    }
}

fn not_a_row(lines: &Lines) -> FormatError {
    lines.malformed(
        format!("{} is not an accession and a taxon", excerpt(lines.line())),
        "give two columns, such as 'P12345<tab>9606'",
    )
}
