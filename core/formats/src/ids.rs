//! Reads lists of accessions that name the rows of a matrix.

use std::{collections::HashMap, path::Path};

use protea_ontology::compressed::open_decompressed;

use super::{
    FormatError, accession, error::excerpt, lines::Lines, npy_header::Header, npy_strings,
    partial_read::read_up_to,
};

/// Reads a list of accessions, one per line: line `i` names row `i` of a matrix. Comments, which start
/// with `#`, are not counted. It may also be an `.npy` file of strings.
///
/// Returns the row of every accession, counted from 0. `sp|P12345|NAME` counts as `P12345`.
///
/// # Errors
///
/// [`FormatError::Duplicate`] for a repeated accession; [`FormatError::Malformed`] for a blank line
/// before the last accession (it would shift the rows) or a line of several words;
/// [`FormatError::Empty`] for a file without accessions; [`FormatError::Read`] if reading fails.
pub fn read_ids(path: &Path) -> Result<HashMap<String, usize>, FormatError> {
    if let Some(names) = npy_list(path)? {
        return index(path, &names);
    }
    let mut lines = Lines::open(path)?;
    let mut rows = HashMap::new();
    let mut blank = None;
    while lines.advance()? {
        let word = lines.text()?.trim();
        if word.starts_with('#') {
            continue;
        }
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
        if rows.is_empty() && is_header(word) {
            return Err(lines.malformed(
                format!("{} is the name of a column", excerpt(lines.line())),
                "remove the header: line i names row i of the matrix",
            ));
        }
        if let Some(remedy) = odd(word) {
            return Err(lines.malformed(
                format!("{} is not a single accession", excerpt(lines.line())),
                remedy,
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

/// Whether the first word of a list is a usual name of a column.
fn is_header(word: &str) -> bool {
    let word = word.trim_matches('"').to_ascii_lowercase();
    matches!(
        word.as_str(),
        "id" | "ids"
            | "accession"
            | "accessions"
            | "entry"
            | "entryid"
            | "protein"
            | "protein_id"
            | "protein_ids"
            | "uniprot_id"
    )
}

/// How to fix a line that has more than an accession; `None` if it has no such marks.
fn odd(word: &str) -> Option<&'static str> {
    if word.starts_with('>') {
        Some("remove the '>': give the accession alone")
    } else if word.starts_with(['"', '\'']) || word.ends_with(['"', '\'']) {
        Some("remove the quotation marks: give the accession alone")
    } else if word.contains([',', ';']) {
        Some("give the accession alone, without other columns")
    } else {
        None
    }
}

/// The strings of an `.npy` file; `None` for any other file.
fn npy_list(path: &Path) -> Result<Option<Vec<String>>, FormatError> {
    let unreadable = FormatError::unreadable(path);
    // The start of a pipe can be read only once, and the list of a pipe is text.
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let mut reader = open_decompressed(path).map_err(&unreadable)?;
    let mut start = [0; 8];
    let got = read_up_to(&mut reader, &mut start).map_err(&unreadable)?;
    if got < 8 || !start.starts_with(b"\x93NUMPY") {
        return Ok(None);
    }
    let (header, _) = Header::read(&start, &mut reader).map_err(|error| error.with_path(path))?;
    npy_strings::read(&header, &mut reader)
        .map(Some)
        .map_err(|error| error.in_file(path))
}

/// The row of each accession of an array.
fn index(path: &Path, names: &[String]) -> Result<HashMap<String, usize>, FormatError> {
    let mut rows = HashMap::with_capacity(names.len());
    for (row, name) in names.iter().enumerate() {
        let accession = accession::from_word(name)
            .filter(|_| odd(name).is_none())
            .ok_or_else(|| {
                FormatError::matrix(
                    path,
                    format!(
                        "row {row}, {}, is not a single accession",
                        excerpt(name.as_bytes())
                    ),
                    "give the accessions alone",
                )
            })?;
        if let Some(first) = rows.insert(accession.to_owned(), row) {
            return Err(FormatError::matrix(
                path,
                format!("rows {first} and {row} both have the accession {accession}"),
                "keep one of the two",
            ));
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
