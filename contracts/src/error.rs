//! Why a call of a runner fails.

use std::{error::Error, io};

use serde::{Deserialize, Serialize};

/// What a call of a runner returns.
pub type RunnerResult<T> = Result<T, RunnerError>;

/// Why a call of a runner did not succeed. The host receives it unchanged, as JSON.
///
/// A host older than a kind shows it as [`Failed`](Self::Failed), with the kind's name before the
/// message, so a new kind needs a field `message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunnerError {
    /// The method has no such operation; `remedy` says what to do instead.
    #[error("{operation} is not supported: {remedy}")]
    Unsupported {
        /// The operation's [`NAME`](crate::Operation::NAME).
        operation: String,
        /// What to do instead.
        remedy: String,
    },
    /// A setting is unknown, of the wrong type or out of range.
    #[error("{}: {message}", invalid(pointer))]
    InvalidSpec {
        /// JSON pointer (RFC 6901) to the setting; empty for the whole spec.
        pointer: String,
        /// What is wrong with it.
        message: String,
    },
    /// The dataset cannot be used.
    #[error("the dataset cannot be used: {message}")]
    Dataset {
        /// What is wrong with it, where, and how to fix it.
        message: String,
    },
    /// The model cannot be used.
    #[error("the model cannot be used: {message}")]
    Model {
        /// What is wrong with it, where, and how to fix it.
        message: String,
    },
    /// Something that the request names does not exist, such as a protein of the dataset or a term
    /// of the ontology.
    #[error("{message}")]
    NotFound {
        /// What was not found, where it was searched for, and similar names.
        message: String,
    },
    /// Something that the method needs is not installed on this machine, such as a program.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// The output could not be written because the disk is full or a quota is used up.
    #[error("{message}")]
    NoSpace {
        /// What was being written, and the system's message.
        message: String,
    },
    /// The host asked for the call to end, and it did.
    #[error("cancelled")]
    Cancelled,
    /// Any other failure.
    #[error("{message}")]
    Failed {
        /// What failed, with its causes.
        message: String,
    },
}

/// What is invalid, with the name of the setting as users write it: `a.b` for the pointer `/a/b`.
fn invalid(pointer: &str) -> String {
    match pointer.strip_prefix('/') {
        None => "the settings are invalid".to_owned(),
        Some(path) => {
            let name = path.replace('/', ".").replace("~1", "/").replace("~0", "~");
            format!("the setting {name} is invalid")
        }
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

    /// [`Dataset`](Self::Dataset) with a message: what is wrong, where, and how to fix it.
    pub fn dataset(message: impl Into<String>) -> Self {
        Self::Dataset {
            message: message.into(),
        }
    }

    /// [`Model`](Self::Model) with a message: what is wrong, where, and how to fix it.
    pub fn model(message: impl Into<String>) -> Self {
        Self::Model {
            message: message.into(),
        }
    }

    /// [`Missing`](Self::Missing): what is not installed, and how to get it.
    pub fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Missing {
            what: what.into(),
            remedy: remedy.into(),
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

/// Turns an error of any kind into the [`RunnerError`] that says what is at fault, with the whole
/// chain of causes in its message.
///
/// A full disk or an exhausted quota anywhere in the chain becomes [`RunnerError::NoSpace`],
/// whichever method is called.
///
/// ```
/// use std::io;
///
/// use protea_contracts::{Attribute, RunnerError};
///
/// let error = std::fs::read("/no/such/model").or_model("reading the weights").unwrap_err();
/// assert!(matches!(error, RunnerError::Model { .. }));
/// assert!(error.to_string().contains("reading the weights: "));
///
/// let full: io::Result<()> = Err(io::ErrorKind::StorageFull.into());
/// let error = full.or_failed("writing predictions.tsv").unwrap_err();
/// assert!(matches!(error, RunnerError::NoSpace { .. }));
/// ```
pub trait Attribute<T> {
    /// The dataset is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] or [`RunnerError::NoSpace`] if `self` is an error.
    fn or_dataset(self, doing: &str) -> Result<T, RunnerError>;

    /// The model is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] or [`RunnerError::NoSpace`] if `self` is an error.
    fn or_model(self, doing: &str) -> Result<T, RunnerError>;

    /// Something else is at fault.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] if `self` is an error.
    fn or_failed(self, doing: &str) -> Result<T, RunnerError>;
}

impl<T, E: Error + 'static> Attribute<T> for Result<T, E> {
    fn or_dataset(self, doing: &str) -> Result<T, RunnerError> {
        attribute(self, doing, |message| RunnerError::Dataset { message })
    }

    fn or_model(self, doing: &str) -> Result<T, RunnerError> {
        attribute(self, doing, |message| RunnerError::Model { message })
    }

    fn or_failed(self, doing: &str) -> Result<T, RunnerError> {
        attribute(self, doing, |message| RunnerError::Failed { message })
    }
}

fn attribute<T, E: Error + 'static>(
    result: Result<T, E>,
    doing: &str,
    fault: impl FnOnce(String) -> RunnerError,
) -> Result<T, RunnerError> {
    result.map_err(|error| {
        let message = chain(doing, &error);
        if is_out_of_space(&error) {
            RunnerError::NoSpace { message }
        } else {
            fault(message)
        }
    })
}

fn chain(doing: &str, error: &dyn Error) -> String {
    format!("{doing}: {}", with_causes(error))
}

/// The message of an error, followed by those of its sources.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
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

fn is_out_of_space(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ) {
                return true;
            }
            // `source()` of an `io::Error` skips the error that it wraps.
            if error.get_ref().is_some_and(|inner| is_out_of_space(inner)) {
                return true;
            }
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_setting_has_the_name_that_users_write() {
        let text = |pointer: &str| {
            let error = RunnerError::InvalidSpec {
                pointer: pointer.to_owned(),
                message: "it is 0".to_owned(),
            };
            error.to_string()
        };
        assert_eq!(text(""), "the settings are invalid: it is 0");
        assert_eq!(text("/k"), "the setting k is invalid: it is 0");
        assert_eq!(text("/a~1b/c~0"), "the setting a/b.c~ is invalid: it is 0");
    }

    #[test]
    fn a_full_disk_is_found_behind_other_errors() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let wrapped = io::Error::other(io::Error::other(full()));
        for error in [full(), wrapped, io::ErrorKind::QuotaExceeded.into()] {
            let error = Err::<(), _>(error).or_model("writing").unwrap_err();
            assert!(matches!(error, RunnerError::NoSpace { .. }), "{error:?}");
        }
        let other = Err::<(), _>(io::Error::other("disk on fire")).or_failed("writing");
        assert_eq!(other, Err(RunnerError::failed("writing: disk on fire")));
    }
}
