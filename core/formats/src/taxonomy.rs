//! Reads the taxa of proteins.

use std::{collections::HashMap, path::Path};

use super::{
    FormatError, accession,
    annotations::{AnnotationReader, looks_like_gaf},
    error::excerpt,
    lines::Lines,
};

/// Reads a table of accession and NCBI taxon, separated by a tab or blanks, and skips a header on
/// the first line. Also reads the taxa of a GAF file, which is detected from its first line.
///
/// # Errors
///
/// [`FormatError::Malformed`] for an invalid line or a protein with two taxa;
/// [`FormatError::Empty`] for a file without rows; [`FormatError::Read`] if reading fails.
pub fn read_taxonomy(path: &Path) -> Result<HashMap<String, u32>, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut taxa = HashMap::new();
    while lines.advance()? {
        if lines.number() == 1 && looks_like_gaf(lines.line()) {
            return taxa_of_annotations(lines);
        }
        let mut words = lines.text()?.split_whitespace();
        let (Some(word), second, None) = (words.next(), words.next(), words.next()) else {
            if lines.line().trim_ascii().is_empty() {
                continue;
            }
            return Err(not_a_row(&lines));
        };
        let (Some(accession), Some(taxon)) = (
            accession::from_word(word),
            second.and_then(accession::parse_taxon),
        ) else {
            if lines.number() == 1
                && second.is_some_and(|word| !word.bytes().any(|b| b.is_ascii_digit()))
            {
                continue;
            }
            return Err(not_a_row(&lines));
        };
        if let Some(first) = taxa.insert(accession.to_owned(), taxon)
            && first != taxon
        {
            return Err(lines.malformed(
                format!("protein {accession} has taxon {taxon} here and {first} above"),
                "keep the correct one of the two lines",
            ));
        }
    }
    if taxa.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of accession and taxon",
        });
    }
    Ok(taxa)
}

fn taxa_of_annotations(lines: Lines) -> Result<HashMap<String, u32>, FormatError> {
    let mut reader = AnnotationReader::resume(lines, true);
    let mut taxa: HashMap<String, u32> = HashMap::new();
    loop {
        let Some((accession, taxon)) = reader
            .next_row()?
            .map(|row| (row.accession.to_owned(), row.taxon))
        else {
            return Ok(taxa);
        };
        let lines = reader.lines();
        let taxon = taxon.ok_or_else(|| {
            lines.malformed(
                "a GPAD file does not have the taxon of a protein",
                "give GAF, or a table of accession and taxon",
            )
        })?;
        if let Some(&first) = taxa.get(&accession)
            && first != taxon
        {
            return Err(lines.malformed(
                format!("protein {accession} has taxon {taxon} here and {first} above"),
                "keep the correct one of the two lines",
            ));
        }
        taxa.insert(accession, taxon);
    }
}

fn not_a_row(lines: &Lines) -> FormatError {
    lines.malformed(
        format!("{} is not an accession and a taxon", excerpt(lines.line())),
        "give two columns, such as 'P12345<tab>9606'",
    )
}
