//! The errors of LightGBM.

use std::path::PathBuf;

use protea_contracts::{RunnerError, error::with_causes};

use super::LIBRARY;

/// Why LightGBM cannot be used, or a call of it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LightGbmError {
    /// None of the declared places has the library.
    #[error(
        "{} was not found in the runner's directory or among the system's libraries, and {} is not set to its path",
        LIBRARY.file, LIBRARY.variable
    )]
    Missing,
    /// The environment variable names a file that does not exist.
    #[error("{} names {}, which does not exist", LIBRARY.variable, path.display())]
    FileNotFound {
        /// The file.
        path: PathBuf,
    },
    /// The system cannot load the library.
    #[error("{} cannot be loaded", path.display())]
    Open {
        /// The library.
        path: PathBuf,
        /// The reason, usually another library that is missing.
        source: libloading::Error,
    },
    /// The library lacks a function.
    #[error("{} is not LightGBM 4.2 or newer: it lacks {function}", path.display())]
    TooOld {
        /// The library.
        path: PathBuf,
        /// The missing function.
        function: &'static str,
    },
    /// The library writes models of another format.
    #[error("this version of LightGBM does not write models in the format {expected:?}")]
    OtherFormat {
        /// The beginning of the known format.
        expected: &'static str,
    },
    /// A call failed.
    #[error("{function}: {message}")]
    Call {
        /// The function of LightGBM.
        function: &'static str,
        /// Its error message.
        message: String,
    },
    /// More rows or columns than LightGBM supports.
    #[error("a matrix of {rows} rows and {columns} columns is too large for LightGBM")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// A model has another number of features or of outputs.
    #[error(
        "LightGBM works with {found} values per row, but this call needs {expected}; fit the model again"
    )]
    Shape {
        /// The expected number.
        expected: usize,
        /// The actual number.
        found: usize,
    },
    /// A string for LightGBM contains a NUL byte.
    #[error("a model or a parameter contains a NUL byte; fit the model again")]
    NulByte,
    /// The text of a model is not UTF-8.
    #[error("the model that LightGBM wrote is not UTF-8")]
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
                    "{}, or set {} to the path of the library",
                    LIBRARY.remedy, LIBRARY.variable
                ),
            ),
            LightGbmError::FileNotFound { .. } => missing(
                format!("LightGBM ({error})"),
                &format!(
                    "set {} to the path of the library, or unset it",
                    LIBRARY.variable
                ),
            ),
            LightGbmError::Open { .. } => missing(
                format!("a library that LightGBM needs ({})", with_causes(&error)),
                "if it is the OpenMP runtime: `apt-get install libgomp1`, on macOS `brew install libomp`",
            ),
            LightGbmError::TooOld { .. } | LightGbmError::OtherFormat { .. } => missing(
                format!("a LightGBM that this runner supports ({error})"),
                LIBRARY.remedy,
            ),
            error => Self::failed(format!("LightGBM: {error}")),
        }
    }
}
