//! Reads tables of information accretion.

use std::path::Path;

use super::{
    FormatError,
    error::excerpt,
    lines::{Lines, separator_hint, unquoted},
};

/// A table of information accretion.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct AccretionFile {
    /// The terms and their values in bits, in the order of the file. Every value is finite.
    pub rows: Vec<(String, f64)>,
    /// Whether the file has lines besides its rows, or quotation marks: comments. Versions
    /// of protea up to 1.2 do not read such a file.
    pub has_remarks: bool,
}

/// Reads a table of information accretion. Each line is a term and a finite number. Comments, which
/// start with `#` or `!`, and blank lines are skipped, and quotation marks around a field are removed. A
/// header is an error.
///
/// # Errors
///
/// [`FormatError::Malformed`] for an invalid line, [`FormatError::Empty`] for an empty file,
/// [`FormatError::Read`] if reading fails.
pub fn read_information_accretion(path: &Path) -> Result<AccretionFile, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut file = AccretionFile::default();
    while lines.advance()? {
        let line = lines.line();
        if line.trim_ascii().is_empty() {
            continue;
        }
        if matches!(line.trim_ascii_start()[0], b'#' | b'!') {
            file.has_remarks = true;
            continue;
        }
        let text = lines.text()?;
        let mut words = text.split_whitespace().map(unquoted);
        let row = (words.next(), words.next(), words.next());
        let number = match row {
            (Some(_), Some(number), None) => fast_float2::parse::<f64, _>(number).ok(),
            _ => None,
        };
        match (row.0, number) {
            (Some(term), Some(number)) if number.is_finite() => {
                file.has_remarks |= text.contains('"');
                file.rows.push((term.to_owned(), number));
            }
            _ => {
                return Err(lines.malformed(
                    format!(
                        "{} is not a term and a finite number{}",
                        excerpt(line),
                        separator_hint(line)
                    ),
                    "give two columns, such as 'GO:0008150<tab>0.0', without a header",
                ));
            }
        }
    }
    if file.rows.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of a term and a finite number",
        });
    }
    Ok(file)
}

/// Checks a table of information accretion and returns its number of terms; see
/// [`read_information_accretion`].
///
/// # Errors
///
/// Those of [`read_information_accretion`].
pub fn check_information_accretion(path: &Path) -> Result<u64, FormatError> {
    read_information_accretion(path).map(|file| file.rows.len() as u64)
}
