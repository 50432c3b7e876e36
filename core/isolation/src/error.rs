//! Why a call in a worker gave no result.

use std::{path::PathBuf, time::Duration};

use protea_contracts::{RunnerError, abi::host::Panic};

/// Why a call in a worker gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The runner answered with an error.
    #[error(transparent)]
    Runner(RunnerError),
    /// The runner panicked.
    #[error(transparent)]
    Panicked(Panic),
    /// The runner answered what the contract does not allow.
    #[error("the runner broke the contract: {0}")]
    Protocol(String),
    /// The runner's library does not open in the worker.
    #[error("{0}")]
    Open(String),
    /// The worker could not be set up.
    #[error("the worker could not be set up: {0}")]
    Setup(String),
    /// The worker could not be started.
    #[error("{} cannot be started as a worker", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A signal ended the worker: the runner crashed.
    #[error("the runner crashed ({name}){}", quoted(stderr_tail))]
    Crashed {
        /// The signal's number.
        signal: i32,
        /// The signal's name, and what it usually means.
        name: &'static str,
        /// The end of what it wrote to standard error.
        stderr_tail: String,
    },
    /// The runner ended the process.
    #[error(
        "the runner ended its process with exit code {code} in the middle of the call{}",
        quoted(stderr_tail)
    )]
    Exited {
        /// The exit code.
        code: i32,
        /// The end of what it wrote to standard error.
        stderr_tail: String,
    },
    /// The call took longer than it may.
    #[error("the runner took longer than the {} it may take and was stopped", seconds(*limit))]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The runner asked for more memory than there is or than it may have.
    #[error("the runner ran out of memory{}{}", memory(*limit), quoted(stderr_tail))]
    OutOfMemory {
        /// The limit in bytes.
        limit: Option<u64>,
        /// The end of what it wrote to standard error.
        stderr_tail: String,
    },
    /// The runner wrote more than it may.
    #[error("the runner wrote more than the {limit} bytes it may write and was stopped")]
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The user cancelled and the runner did not listen.
    #[error("cancelled; the runner did not end by itself and was killed")]
    Killed,
}

fn quoted(stderr_tail: &str) -> String {
    if stderr_tail.is_empty() {
        String::new()
    } else {
        format!("; the last it wrote to standard error:\n{stderr_tail}")
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

fn memory(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |bytes| format!("; its limit is {bytes} bytes"))
}
