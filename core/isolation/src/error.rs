//! Why a call in a worker gave no result.

use std::{path::PathBuf, time::Duration};

use protea_contracts::{RunnerError, abi::host::Panic};

use super::size::size;

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
    /// This system cannot restrict everything that a strict sandbox restricts.
    #[error("strict sandbox is not available on this system ({system}): {lacking}")]
    Sandbox {
        /// What it cannot restrict.
        lacking: String,
        /// The operating system and its version.
        system: String,
    },
    /// This process was started as a worker and starts one itself, because its `main` does not begin
    /// with [`serve_if_asked`](crate::serve_if_asked).
    #[error(
        "this process was started as a worker, but does not serve as one: begin its main with `protea_core::worker::serve_if_asked();`"
    )]
    NotServing,
    /// The worker could not be started.
    #[error("{} cannot be started as a worker", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A signal ended the worker: the runner crashed.
    #[error("the runner crashed ({name}){}", quoted(stderr_tail))]
    Crashed {
        /// The signal's number.
        signal: i32,
        /// The signal's name, and what it usually means.
        name: &'static str,
        /// The tail of its standard error.
        stderr_tail: String,
    },
    /// The runner ended the process.
    #[error(
        "the runner ended its process with exit code {code} during the call{}",
        quoted(stderr_tail)
    )]
    Exited {
        /// The exit code.
        code: i32,
        /// The tail of its standard error.
        stderr_tail: String,
    },
    /// The call exceeded its time limit.
    #[error("the runner exceeded its time limit of {} and was stopped", seconds(*limit))]
    TimedOut {
        /// The time limit.
        limit: Duration,
    },
    /// The runner asked for more memory than the machine has or its limit allows.
    #[error("the runner ran out of memory{}{}", memory(*limit), quoted(stderr_tail))]
    OutOfMemory {
        /// The limit in bytes.
        limit: Option<u64>,
        /// The tail of its standard error.
        stderr_tail: String,
    },
    /// The runner wrote more than its output limit allows.
    #[error("the runner exceeded its output limit of {} and was stopped", size(*limit))]
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The user cancelled, the runner did not end by itself, and the host killed it.
    #[error("cancelled; the runner did not end by itself and was killed")]
    Killed,
}

fn quoted(stderr_tail: &str) -> String {
    if stderr_tail.is_empty() {
        String::new()
    } else {
        format!("; the end of its standard error:\n{stderr_tail}")
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

fn memory(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |bytes| {
        format!("; its limit is {}", size(bytes))
    })
}
