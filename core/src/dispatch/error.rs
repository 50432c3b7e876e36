//! Why a dispatch gave no result.

use std::path::PathBuf;

use protea_contracts::{
    RunnerError,
    abi::host::{CallError, Panic},
    metrics::MetricError,
};

/// Why a dispatch gave no result.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The runner said so, or the spec was refused on its behalf.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The runner panicked.
    #[error(transparent)]
    Panicked(#[from] Panic),
    /// The runner answered what the contract does not allow.
    #[error("the runner broke the contract: {0}")]
    Protocol(String),
    /// The metrics do not fit what the runner declares.
    #[error("the runner broke the contract: {0}")]
    Metrics(#[from] MetricError),
    /// A file that the runner says it exported is not there, or not as it says.
    #[error("the runner broke the contract: it exported {}, which {reason}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// The schema that the runner gives for its spec is not a JSON Schema.
    #[error("the runner broke the contract: its spec schema cannot be used: {0}")]
    Schema(String),
}

impl From<CallError> for DispatchError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Runner(error) => Self::Runner(error),
            CallError::Panicked(panic) => Self::Panicked(panic),
            CallError::Protocol(message) => Self::Protocol(message),
        }
    }
}
