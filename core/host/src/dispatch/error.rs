//! Why a dispatch gave no result.

use std::path::PathBuf;

use protea_contracts::{
    RunnerError,
    abi::host::{CallError, Panic},
    metrics::MetricError,
};
use protea_files::FilesError;
#[cfg(unix)]
use protea_isolation::WorkerError;

use super::bounded;

/// Why a dispatch gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The runner returned an error, or the spec does not match its schema.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The runner panicked.
    #[error(transparent)]
    Panicked(#[from] Panic),
    /// The runner's response violates the contract.
    #[error("the runner broke the contract: {0}")]
    Protocol(String),
    /// The metrics do not fit what the runner declares.
    #[error("the runner broke the contract")]
    Metrics(#[from] MetricError),
    /// An exported file is missing or differs from the runner's description.
    #[error("the runner broke the contract: it exported {}, which {reason}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// Its output directory contains what protea neither reads nor publishes: a link, a pipe, a
    /// device, or more files or levels than allowed.
    #[error("the runner broke the contract: in its output, {0}")]
    Output(FilesError),
    /// The worker could not be started, crashed, or exceeded a limit.
    #[cfg(unix)]
    #[error(transparent)]
    Worker(WorkerError),
    /// The runner could not write: the disk or the user's quota is full.
    #[error("{} cannot be written: {message}; free some space there, or choose another directory", path.display())]
    OutputFull {
        /// The directory that its output goes to.
        path: PathBuf,
        /// The runner's message.
        message: String,
    },
    /// A process elsewhere made the call, and its error is on record.
    #[error("{0}")]
    Recorded(String),
    /// The runner's spec schema is not a JSON Schema.
    #[error("the runner broke the contract: its spec schema cannot be used: {0}")]
    Schema(String),
}

impl From<CallError> for DispatchError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Runner(error) => Self::Runner(bounded::error(error)),
            CallError::Panicked(panic) => Self::Panicked(bounded::panic(panic)),
            CallError::Protocol(message) => Self::Protocol(bounded::quotation(message)),
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
            WorkerError::Setup(message) => Self::Worker(WorkerError::Setup(bounded::text(message))),
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
