//! What can be wrong with an input file.

use std::io;
use std::path::{Path, PathBuf};

use protea_ontology::compressed::ZstdNotBuilt;

/// An input file cannot be used. The message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file cannot be opened or read: it is missing, not permitted, on a failing disk, or a broken gzip or Zstandard stream.
    #[error("{}: cannot be read{}", path.display(), after_line(*line))]
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
    /// A file holds several things that could be meant, or none; the message lists what is there.
    #[error("{}: {problem}; it has {}; {remedy}", path.display(), list_of(contents))]
    Choice {
        /// The file.
        path: PathBuf,
        /// What cannot be decided.
        problem: String,
        /// What is in the file: names, shapes and types; at most twenty, then `…`.
        contents: Vec<String>,
        /// What to do about it.
        remedy: &'static str,
    },
    /// This program was built without the format.
    #[error("{}: this build does not read {format} files, which takes the cargo feature `{feature}`", path.display())]
    NotBuilt {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// There are more or fewer accessions than rows of the matrix.
    #[error("{}: {ids} accessions for the {rows} rows of {}; give the list that was written together with the matrix", ids_path.display(), matrix_path.display())]
    RowCount {
        /// Where the accessions are.
        ids_path: PathBuf,
        /// How many there are.
        ids: usize,
        /// The matrix.
        matrix_path: PathBuf,
        /// Rows in it.
        rows: usize,
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

fn list_of(contents: &[String]) -> String {
    match contents {
        [] => "nothing".to_owned(),
        several => several.join(", "),
    }
}

fn after_line(line: u64) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(" after line {line}")
    }
}

impl FormatError {
    /// Names the file in an error of the system.
    pub fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| {
            if source
                .get_ref()
                .is_some_and(|cause| cause.is::<ZstdNotBuilt>())
            {
                return Self::NotBuilt {
                    path: path.to_owned(),
                    format: "Zstandard",
                    feature: "zstd",
                };
            }
            Self::Read {
                path: path.to_owned(),
                line: 0,
                source,
            }
        }
    }

    pub(crate) fn matrix(
        path: &Path,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Matrix {
            path: path.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

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
