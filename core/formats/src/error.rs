//! Errors of reading an input file.

use std::{
    io,
    path::{Path, PathBuf},
};

use protea_ontology::{
    compressed::ZstdNotBuilt,
    foreign::{Foreign, ForeignContent},
};

/// An input file cannot be used. The message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file cannot be opened or read: it is missing, access is denied, the disk fails, or the
    /// gzip or Zstandard stream is damaged.
    #[error("{}: cannot be read{}", path.display(), after_line(*line))]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Number of lines read before the failure; 0 for files that are not read by line.
        line: u64,
        /// The error of the file system or the decompressor.
        source: io::Error,
    },
    /// The file is not text: an archive, a web page, another encoding.
    #[error("{}: the file is {content}; {}", path.display(), content.remedy())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
        /// What the file is.
        content: Foreign,
    },
    /// A line violates its format.
    #[error("{}:{line}: {problem}; {remedy}", path.display())]
    Malformed {
        /// Path of the file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// The problem on that line.
        problem: String,
        /// How to fix it.
        remedy: &'static str,
    },
    /// An accession that must be unique occurs twice.
    #[error("{}:{line}: accession {accession:?} is already on line {first_line}; keep one of the two", path.display())]
    Duplicate {
        /// Path of the file.
        path: PathBuf,
        /// Line number of the second occurrence, from 1.
        line: u64,
        /// The repeated accession.
        accession: String,
        /// Line number of the first occurrence, from 1.
        first_line: u64,
    },
    /// The file has no rows.
    #[error("{}: holds no {expected}; check that this is the right file", path.display())]
    Empty {
        /// Path of the file.
        path: PathBuf,
        /// What the file should contain, such as `annotation`.
        expected: &'static str,
    },
    /// A file of embeddings is damaged or has an unsupported layout.
    #[error("{}: {problem}; {remedy}", path.display())]
    Matrix {
        /// Path of the file.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// How to fix it.
        remedy: String,
    },
    /// A file has several candidates for the embeddings or their accessions, or none. The message
    /// lists its arrays.
    #[error("{}: {problem}; the file has {}; {remedy}", path.display(), list(contents))]
    Choice {
        /// Path of the file.
        path: PathBuf,
        /// Why no array could be chosen.
        problem: String,
        /// Names, shapes and types of the arrays in the file: at most twenty, then `…`.
        contents: Vec<String>,
        /// How to fix it.
        remedy: &'static str,
    },
    /// This build does not support the format.
    #[error("{}: this build does not support {format} files; they need the cargo feature `{feature}`", path.display())]
    NotBuilt {
        /// Path of the file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// The cargo feature that adds it.
        feature: &'static str,
    },
    /// The number of accessions is not the number of rows of the matrix.
    #[error("{}: {ids} accessions for the {rows} rows of {}; give the list that was written together with the matrix", ids_path.display(), matrix_path.display())]
    RowCount {
        /// The file with the accessions.
        ids_path: PathBuf,
        /// Total number of members.
        ids: usize,
        /// Path of the matrix.
        matrix_path: PathBuf,
        /// Number of rows of the matrix.
        rows: usize,
    },
    /// A value of a matrix is NaN or infinite, or exceeds the range of the requested type.
    #[error("{}: row {row} (accession {accession}), column {column}: {value} {reason}", path.display())]
    NotFinite {
        /// Path of the file.
        path: PathBuf,
        /// Row number, from 0.
        row: usize,
        /// Accession of the protein.
        accession: String,
        /// Column number, from 0.
        column: usize,
        /// The value in the file.
        value: f64,
        /// Why the value is rejected, and the remedy.
        reason: &'static str,
    },
}

fn list(contents: &[String]) -> String {
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
    /// Converts an [`io::Error`] of reading `path`.
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
            if let Some(content) = ForeignContent::of(&source) {
                return Self::Foreign {
                    path: path.to_owned(),
                    content,
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

/// Quotes a piece of an input for a message: at most 40 characters, with control characters
/// escaped.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]);
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() || bytes.len() > 160 {
        short.push('…');
    }
    format!("{short:?}")
}
