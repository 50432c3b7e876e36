//! What can be wrong with LightGBM.

use std::path::PathBuf;

use protea_contracts::RunnerError;

use super::LIBRARY;

/// Why LightGBM did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LightGbmError {
    /// The library is nowhere.
    #[error(
        "{} is neither beside the runner nor among the system's libraries, and {} does not name it",
        LIBRARY.file, LIBRARY.variable
    )]
    Missing,
    /// The environment variable names a file that is not there.
    #[error("{} names {}, which is not there", LIBRARY.variable, path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
    },
    /// The library is there, and the system cannot load it.
    #[error("{} cannot be loaded: {source}", path.display())]
    Open {
        /// The library.
        path: PathBuf,
        /// Why not: as a rule another library that is not there.
        source: libloading::Error,
    },
    /// The library lacks a function.
    #[error("{} is no LightGBM 4.2 or newer: it has no {function}", path.display())]
    TooOld {
        /// The library.
        path: PathBuf,
        /// What it lacks.
        function: &'static str,
    },
    /// The library writes models of another format.
    #[error("this LightGBM writes models of another format than {expected:?}")]
    OtherFormat {
        /// The first line of the format that is known.
        expected: &'static str,
    },
    /// A call failed.
    #[error("{function}: {message}")]
    Call {
        /// The function of LightGBM's.
        function: &'static str,
        /// What it said.
        message: String,
    },
    /// More rows or columns than LightGBM can number.
    #[error("{rows} rows of {columns} numbers are more than LightGBM takes")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// A model predicts from other features, or something else than one probability.
    #[error("the booster gives {found} numbers where {expected} are due")]
    Shape {
        /// What is due.
        expected: usize,
        /// What it gives.
        found: usize,
    },
    /// A text holds a zero.
    #[error("a text for LightGBM has a zero in it")]
    Zero,
    /// A model's text is not UTF-8.
    #[error("the model that LightGBM has written is not UTF-8")]
    NotUtf8,
}

impl From<LightGbmError> for RunnerError {
    fn from(error: LightGbmError) -> Self {
        let missing = |what: String, remedy: &str| Self::Missing {
            what,
            remedy: remedy.to_owned(),
        };
        match error {
            LightGbmError::Missing => missing(
                format!("LightGBM ({})", LIBRARY.file),
                &format!(
                    "{}, or let {} name the file",
                    LIBRARY.remedy, LIBRARY.variable
                ),
            ),
            LightGbmError::NotThere { .. } => missing(
                format!("LightGBM ({error})"),
                &format!("let {} name the file, or unset it", LIBRARY.variable),
            ),
            LightGbmError::Open { .. } => missing(
                format!("what LightGBM needs ({error})"),
                "where it is the OpenMP runtime: `apt-get install libgomp1`, on macOS `brew install libomp`",
            ),
            LightGbmError::TooOld { .. } | LightGbmError::OtherFormat { .. } => missing(
                format!("a LightGBM that this runner knows ({error})"),
                LIBRARY.remedy,
            ),
            error => Self::failed(format!("LightGBM: {error}")),
        }
    }
}
