//! Why a dispatch gave no result.

use std::path::PathBuf;

use protea_contracts::{
    RunnerError,
    abi::host::{CallError, Panic},
    metrics::MetricError,
};
#[cfg(unix)]
use protea_isolation::WorkerError;

use super::bounded;

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
    #[error("the runner broke the contract")]
    Metrics(#[from] MetricError),
    /// A file that the runner says it exported is not there, or not as it says.
    #[error("the runner broke the contract: it exported {}, which {reason}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// The worker could not be started, crashed, or went over a limit.
    #[cfg(unix)]
    #[error(transparent)]
    Worker(WorkerError),
    /// The runner could not write: the disk is full, or the user's share of it.
    #[error("{} cannot be written: {message}; make room there, or write elsewhere", path.display())]
    OutputFull {
        /// The directory that its output goes to.
        path: PathBuf,
        /// What the runner said.
        message: String,
    },
    /// The schema that the runner gives for its spec is not a JSON Schema.
    #[error("the runner broke the contract: its spec schema cannot be used: {0}")]
    Schema(String),
}

impl From<CallError> for DispatchError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Runner(error) => Self::Runner(bounded::error(error)),
            CallError::Panicked(panic) => Self::Panicked(bounded::panic(panic)),
            CallError::Protocol(message) => Self::Protocol(bounded::text(message)),
        }
    }
}

#[cfg(unix)]
impl From<WorkerError> for DispatchError {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Runner(error) => CallError::Runner(error).into(),
            WorkerError::Panicked(panic) => CallError::Panicked(panic).into(),
            WorkerError::Protocol(message) => CallError::Protocol(message).into(),
            WorkerError::Open(message) => Self::Worker(WorkerError::Open(bounded::text(message))),
            error => Self::Worker(error),
        }
    }
}

impl DispatchError {
    /// Whether the user cancelled: the runner ended by itself, or was killed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Runner(RunnerError::Cancelled) => true,
            #[cfg(unix)]
            Self::Worker(WorkerError::Killed) => true,
            _ => false,
        }
    }
}
