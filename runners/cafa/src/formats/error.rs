//! What can be wrong with an input file.

use std::io;
use std::path::{Path, PathBuf};

/// An input file cannot be used. The message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file cannot be opened or read: it is missing, not permitted, on a failing disk, or a broken gzip stream.
    #[error("{}: cannot be read{}: {source}; check that the path is right, the file readable and, if gzip-compressed, complete", path.display(), after_line(*line))]
    Read {
        /// The file.
        path: PathBuf,
        /// Lines read before the failure; 0 for files that are not read by line.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A line does not have the form its format asks for.
    #[error("{}:{line}: {problem}; {remedy}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// An accession stands twice where each may stand once.
    #[error("{}:{line}: accession {accession:?} was already given on line {first_line}; keep one of the two", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The line of the second occurrence, counted from 1.
        line: u64,
        /// The accession.
        accession: String,
        /// The line of the first occurrence.
        first_line: u64,
    },
    /// The file holds nothing.
    #[error("{}: holds no {what}; check that this is the file you meant", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A matrix file has a header or a layout that is not read here.
    #[error("{}: {problem}; {remedy}", path.display())]
    Matrix {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// A value of a matrix is NaN or infinite, or becomes so in the type asked for.
    #[error("{}: row {row} (accession {accession}), column {column}: {value} {reason}", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: usize,
        /// The protein whose row it is.
        accession: String,
        /// The column, counted from 0.
        column: usize,
        /// The value found there.
        value: f64,
        /// Why it cannot be taken, and the remedy.
        reason: &'static str,
    },
}

fn after_line(line: u64) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(" after line {line}")
    }
}

impl FormatError {
    pub(crate) fn malformed(
        path: &Path,
        line: u64,
        problem: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            line,
            problem: problem.into(),
            remedy,
        }
    }
}

/// Quotes a piece of an input for a message: never more than 40 characters, control characters escaped.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]);
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() || bytes.len() > 160 {
        short.push('…');
    }
    format!("{short:?}")
}
