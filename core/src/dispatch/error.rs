//! Why a dispatch gave no result.

use std::{path::PathBuf, time::Duration};

use protea_contracts::{
    RunnerError,
    abi::host::{CallError, Panic},
    metrics::MetricError,
};

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
    /// The runner's library does not open in the worker.
    #[error("{0}")]
    Open(String),
    /// The worker could not be set up.
    #[error("the worker could not be set up: {0}")]
    Setup(String),
    /// The worker could not be started.
    #[error("{} cannot be started as a worker", program.display())]
    Worker {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A signal ended the worker: the runner crashed.
    #[error("the runner crashed ({name}){}", quoted(last_words))]
    Crashed {
        /// The signal's number.
        signal: i32,
        /// The signal's name, and what it usually means.
        name: &'static str,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
    /// The runner ended the process.
    #[error(
        "the runner ended its process with exit code {code} in the middle of the call{}",
        quoted(last_words)
    )]
    Exited {
        /// The exit code.
        code: i32,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
    /// The call took longer than it may.
    #[error("the runner took longer than the {} it may take and was stopped", seconds(*limit))]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The runner asked for more memory than there is or than it may have.
    #[error("the runner ran out of memory{}{}", memory(*limit), quoted(last_words))]
    OutOfMemory {
        /// The limit in bytes.
        limit: Option<u64>,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
    /// The runner wrote more than it may.
    #[error("the runner wrote more than the {limit} bytes it may write and was stopped")]
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The runner could not write: the disk is full, or the user's share of it.
    #[error("{} cannot be written: {message}; make room there, or write elsewhere", path.display())]
    OutputFull {
        /// The directory that its output goes to.
        path: PathBuf,
        /// What the runner said.
        message: String,
    },
    /// The user cancelled and the runner did not listen.
    #[error("cancelled; the runner did not end by itself and was killed")]
    Killed,
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

fn quoted(last_words: &str) -> String {
    if last_words.is_empty() {
        String::new()
    } else {
        format!("; the last it wrote to standard error:\n{last_words}")
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

fn memory(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |bytes| format!("; its limit is {bytes} bytes"))
}
