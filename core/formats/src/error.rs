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
    /// Every row of the file is damaged, so it is probably another kind of file.
    #[error("{}: none of its {rows} rows is an {expected}; the first problem is {first}; check that this is the right file", path.display())]
    NoUsableRow {
        /// Path of the file.
        path: PathBuf,
        /// Number of rows.
        rows: u64,
        /// What the rows should be, such as `annotation`.
        expected: &'static str,
        /// The first problem, with its line.
        first: String,
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
    /// A file has one embedding per residue where one per protein is expected.
    #[error("{}: the file has a matrix per protein: these are embeddings of residues; the file has {}; give one embedding per protein, or average over the residues", path.display(), list(contents))]
    PerResidue {
        /// Path of the file.
        path: PathBuf,
        /// Names, shapes and types of the arrays in the file: at most twenty, then `…`.
        contents: Vec<String>,
    },
    /// A matrix has no names of its rows, and there is no list of them.
    #[error("{}: the rows of this matrix have no names; give the list of their accessions, one per line", path.display())]
    Nameless {
        /// Path of the file.
        path: PathBuf,
    },
    /// A file has a pickle, which is a Python program, and this one is not plain data. Nothing of it
    /// was executed.
    #[error("{}: {problem}; {remedy}", path.display())]
    Pickle {
        /// Path of the file.
        path: PathBuf,
        /// The problem, with the name of what the pickle would call.
        problem: String,
        /// How to fix it.
        remedy: &'static str,
    },
    /// Several rows could belong to a protein.
    #[error("{}: both {:?} and {:?} could be the embedding of {accession}, comparing {rule}; name one of them {accession}, or remove one", path.display(), names[0], names[1])]
    AmbiguousName {
        /// Path of the file.
        path: PathBuf,
        /// Accession of the protein.
        accession: String,
        /// The names of two of the rows.
        names: [String; 2],
        /// What was compared.
        rule: &'static str,
    },
    /// A row could belong to several proteins.
    #[error("{}: {name:?} could be the embedding of both {} and {}; give each protein its own embedding", path.display(), accessions[0], accessions[1])]
    SharedName {
        /// Path of the file.
        path: PathBuf,
        /// The name of the row.
        name: String,
        /// Accessions of the two proteins.
        accessions: [String; 2],
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
