//! The errors of reading and of working on predictions.

use std::io;

use protea_formats::FormatError;
use protea_scoring::ScoringError;

/// Why a file of predictions cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictionsError {
    /// The file cannot be opened or read as text.
    #[error(transparent)]
    Table(#[from] ScoringError),
    /// A line is not a prediction.
    #[error("{file}:{line}: {problem}; {remedy}")]
    Line {
        /// Name of the file.
        file: String,
        /// Line number, from 1.
        line: u64,
        /// What is wrong with the line.
        problem: String,
        /// How to fix it.
        remedy: &'static str,
    },
    /// A file has no predictions.
    #[error("{file}: the file has no predictions; give a table `accession term score`")]
    Empty {
        /// Name of the file.
        file: String,
    },
    /// A file in a format that this build does not read.
    #[error("{file}: this build does not read {format}")]
    NotBuilt {
        /// Name of the file.
        file: String,
        /// The format.
        format: &'static str,
    },
    /// A Parquet file is damaged or has other columns.
    #[error(transparent)]
    Parquet(#[from] FormatError),
    /// More different terms than any ontology has.
    #[error(
        "{file}: the second column has more than {most} different terms, so it does not name terms; give a table `accession term score`"
    )]
    TooManyTerms {
        /// Name of the file.
        file: String,
        /// The limit.
        most: usize,
    },
    /// Rows cannot be kept in a temporary file.
    #[error("cannot write to the temporary directory {directory}")]
    Scratch {
        /// The directory.
        directory: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An option has an invalid value.
    #[error("invalid {option}: {problem}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// Why it is invalid.
        problem: String,
    },
    /// The result cannot be written. The caller knows where.
    #[error("the predictions cannot be written")]
    Write(#[source] io::Error),
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<io::Error> for PredictionsError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
