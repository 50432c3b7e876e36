//! Reads lists of accessions that name the rows of a matrix.

use std::{collections::HashMap, path::Path};

use super::{FormatError, accession, error::excerpt, lines::Lines};

/// Reads a list of accessions, one per line: line `i` names row `i` of a matrix.
///
/// Returns the row of every accession, counted from 0. `sp|P12345|NAME` counts as `P12345`.
///
/// # Errors
///
/// [`FormatError::Duplicate`] for a repeated accession; [`FormatError::Malformed`] for a blank line
/// before the last accession (it would shift the rows) or a line of several words;
/// [`FormatError::Empty`] for a file without accessions; [`FormatError::Read`] if reading fails.
pub fn read_ids(path: &Path) -> Result<HashMap<String, usize>, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut rows = HashMap::new();
    let mut blank = None;
    while lines.advance()? {
        let word = lines.text()?.trim();
        if word.is_empty() {
            blank.get_or_insert(lines.number());
            continue;
        }
        if let Some(line) = blank {
            return Err(FormatError::malformed(
                path,
                line,
                "the line is blank",
                "remove it: line i names row i of the matrix",
            ));
        }
        let accession = accession::from_word(word).ok_or_else(|| {
            lines.malformed(
                format!("{} is not a single accession", excerpt(lines.line())),
                "give one accession per line, without a header",
            )
        })?;
        let row = rows.len();
        if let Some(first) = rows.insert(accession.to_owned(), row) {
            return Err(FormatError::Duplicate {
                path: path.to_owned(),
                line: lines.number(),
                accession: accession.to_owned(),
                first_line: first as u64 + 1,
            });
        }
    }
    if rows.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "accession",
        });
    }
    Ok(rows)
}
