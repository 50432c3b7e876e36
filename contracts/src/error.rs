//! What a runner's call can fail with.

use serde::{Deserialize, Serialize};

/// What a call of a runner gives.
pub type RunnerResult<T> = Result<T, RunnerError>;

/// Why a call of a runner did not succeed. It crosses to the host as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunnerError {
    /// The method has no such step; `remedy` says what to do instead.
    #[error("{operation} is not supported: {remedy}")]
    Unsupported {
        /// `fit`, `evaluate`, `export` or `explain`.
        operation: String,
        /// What to do instead.
        remedy: String,
    },
    /// A setting is unknown, of the wrong type or out of range.
    #[error("the spec is invalid at {}: {message}", place(pointer))]
    InvalidSpec {
        /// JSON pointer (RFC 6901) to the setting; empty for the whole spec.
        pointer: String,
        /// What is wrong with it.
        message: String,
    },
    /// The dataset cannot be used.
    #[error("the dataset cannot be used: {message}")]
    Dataset {
        /// What is wrong with it, where, and the remedy.
        message: String,
    },
    /// The model cannot be used.
    #[error("the model cannot be used: {message}")]
    Model {
        /// What is wrong with it, where, and the remedy.
        message: String,
    },
    /// What the request names is not there, such as a protein of the dataset or a term of the ontology.
    #[error("{message}")]
    NotFound {
        /// What is not there, where it was looked for, and what is there that resembles it.
        message: String,
    },
    /// Something that the method needs is not on this machine, such as a program.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// The host asked for the call to end, and it did.
    #[error("cancelled")]
    Cancelled,
    /// Anything else.
    #[error("{message}")]
    Failed {
        /// What failed, with its causes.
        message: String,
    },
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() {
        "its root"
    } else {
        pointer
    }
}

impl RunnerError {
    /// [`Unsupported`](Self::Unsupported), with what to do instead.
    pub fn unsupported(operation: &str, remedy: impl Into<String>) -> Self {
        Self::Unsupported {
            operation: operation.to_owned(),
            remedy: remedy.into(),
        }
    }

    /// [`InvalidSpec`](Self::InvalidSpec) at a JSON pointer such as `/k`.
    pub fn invalid_spec(pointer: &str, message: impl Into<String>) -> Self {
        Self::InvalidSpec {
            pointer: pointer.to_owned(),
            message: message.into(),
        }
    }

    /// [`NotFound`](Self::NotFound) with a message.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound {
            message: message.into(),
        }
    }

    /// [`Failed`](Self::Failed) with a message.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
        }
    }
}

/// Turns an error of any kind into the [`RunnerError`] that says whose fault it was, with the
/// whole chain of causes in its message.
///
/// ```
/// use protea_contracts::{Attribute, RunnerError};
///
/// let error = std::fs::read("/no/such/model").or_model("reading the weights").unwrap_err();
/// assert!(matches!(error, RunnerError::Model { .. }));
/// assert!(error.to_string().contains("reading the weights: "));
/// ```
pub trait Attribute<T> {
    /// The dataset is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] where `self` is an error.
    fn or_dataset(self, doing: &str) -> Result<T, RunnerError>;

    /// The model is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] where `self` is an error.
    fn or_model(self, doing: &str) -> Result<T, RunnerError>;

    /// Something else is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] where `self` is an error.
    fn or_failed(self, doing: &str) -> Result<T, RunnerError>;
}

impl<T, E: std::error::Error> Attribute<T> for Result<T, E> {
    fn or_dataset(self, doing: &str) -> Result<T, RunnerError> {
        self.map_err(|error| RunnerError::Dataset {
            message: chain(doing, &error),
        })
    }

    fn or_model(self, doing: &str) -> Result<T, RunnerError> {
        self.map_err(|error| RunnerError::Model {
            message: chain(doing, &error),
        })
    }

    fn or_failed(self, doing: &str) -> Result<T, RunnerError> {
        self.map_err(|error| RunnerError::Failed {
            message: chain(doing, &error),
        })
    }
}

fn chain(doing: &str, error: &dyn std::error::Error) -> String {
    format!("{doing}: {}", with_causes(error))
}

/// The message of an error, followed by those of its sources.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        // Errors of other crates often print their source themselves; it is not repeated.
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}
