//! What a test found.

use std::time::Duration;

use protea_core::{
    DispatchError, LoadError,
    contracts::{RunnerError, abi::host::Panic},
    worker::WorkerError,
};
use serde::{Deserialize, Serialize};

/// What a test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Verdict {
    /// The runner does what the contract says.
    Passed {
        /// What was seen, where that is good to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The contract is kept; a user may still stumble over this.
    Warning {
        /// What was seen, and what would be better.
        text: String,
    },
    /// The test has nothing to say of this runner.
    Skipped {
        /// Why.
        reason: String,
        /// The test whose failure is the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because_of: Option<String>,
    },
    /// The runner breaks the contract.
    Failed {
        /// What the contract says.
        expected: String,
        /// What the runner did.
        seen: String,
        /// How to mend it.
        remedy: String,
    },
    /// The runner took its process down.
    Crashed {
        /// The signal or exit code, and in which call.
        how: String,
    },
    /// The runner was still at it when its time was up, and was killed.
    TimedOut {
        /// What it was at.
        doing: String,
        /// The time it had, in seconds.
        limit: f64,
    },
}

/// A test's way out: `?` ends it with the verdict that is already clear.
pub type Checked = Result<Verdict, Verdict>;

/// The kinds of [`Verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// [`Verdict::Passed`].
    Passed,
    /// [`Verdict::Warning`].
    Warning,
    /// [`Verdict::Skipped`].
    Skipped,
    /// [`Verdict::Failed`].
    Failed,
    /// [`Verdict::Crashed`].
    Crashed,
    /// [`Verdict::TimedOut`].
    TimedOut,
}

impl Status {
    /// All of them, in the order in which they are counted up.
    pub const ALL: [Self; 6] = [
        Self::Passed,
        Self::Warning,
        Self::Skipped,
        Self::Failed,
        Self::Crashed,
        Self::TimedOut,
    ];

    /// Its name in sentences: `passed`, `timed out`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed out",
        }
    }

    /// Whether a runner with such a verdict breaks the contract.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::TimedOut)
    }
}

impl Verdict {
    /// Passed, and that is all.
    #[must_use]
    pub fn passed() -> Self {
        Self::Passed { note: None }
    }

    /// Passed, with something to know.
    pub fn noted(note: impl Into<String>) -> Self {
        Self::Passed {
            note: Some(note.into()),
        }
    }

    /// A warning.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::Warning { text: text.into() }
    }

    /// Skipped for a reason of its own.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped {
            reason: reason.into(),
            because_of: None,
        }
    }

    /// Failed.
    pub fn failed(
        expected: impl Into<String>,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Failed {
            expected: expected.into(),
            seen: seen.into(),
            remedy: remedy.into(),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Passed { .. } => Status::Passed,
            Self::Warning { .. } => Status::Warning,
            Self::Skipped { .. } => Status::Skipped,
            Self::Failed { .. } => Status::Failed,
            Self::Crashed { .. } => Status::Crashed,
            Self::TimedOut { .. } => Status::TimedOut,
        }
    }

    /// What there is to say of it, one line per thing; empty where there is nothing.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Passed { note } => note.iter().cloned().collect(),
            Self::Warning { text } => vec![text.clone()],
            Self::Skipped { reason, .. } => vec![reason.clone()],
            Self::Failed {
                expected,
                seen,
                remedy,
            } => vec![
                format!("expected: {expected}"),
                format!("seen:     {seen}"),
                format!("remedy:   {remedy}"),
            ],
            Self::Crashed { how } => vec![how.clone()],
            Self::TimedOut { doing, limit } => {
                vec![format!("{doing} did not end within {limit} s")]
            }
        }
    }

    /// The verdict on a call that had to give a result and did not.
    #[must_use]
    pub fn of_dispatch(doing: &str, error: &DispatchError) -> Self {
        let expected = format!("{doing} gives a result");
        match error {
            DispatchError::Worker(
                WorkerError::Crashed { .. }
                | WorkerError::Exited { .. }
                | WorkerError::OutOfMemory { .. },
            ) => Self::Crashed {
                how: format!("{doing}: {error}"),
            },
            DispatchError::Worker(WorkerError::TimedOut { limit }) => {
                Self::timed_out(doing, *limit)
            }
            DispatchError::Worker(WorkerError::Killed) => Self::failed(
                format!("{doing} ends within a second when the host asks for it"),
                "it went on and was killed",
                "call `emit.check()?` in every loop, or answer `RunnerError::Cancelled` when an event is answered with `Signal::Cancel`",
            ),
            DispatchError::Panicked(panic) => Self::of_panic(doing, panic),
            DispatchError::Worker(WorkerError::OutputTooLarge { limit }) => Self::failed(
                format!(
                    "{doing} writes no more than the data call for, and never {limit} bytes of these"
                ),
                error.to_string(),
                "write what is needed later, not all that was computed",
            ),
            DispatchError::Runner(error) => {
                Self::failed(expected, format!("the error: {error}"), remedy_for(error))
            }
            DispatchError::Worker(WorkerError::Open(reason)) => Self::failed(
                "the library opens as a runner",
                reason,
                "build it as a `cdylib` with `export_runner!` against this version of protea-contracts, and link all that it needs",
            ),
            DispatchError::Worker(WorkerError::Start { .. } | WorkerError::Setup(_)) => {
                Self::Skipped {
                    reason: format!("the suite cannot run it here: {error}"),
                    because_of: None,
                }
            }
            error => Self::failed(
                expected,
                error.to_string(),
                "answer as the contract says; `protea_contracts` does so by itself",
            ),
        }
    }

    /// The verdict on a panic.
    #[must_use]
    pub fn of_panic(doing: &str, panic: &Panic) -> Self {
        Self::failed(
            format!("{doing} answers a result or a `RunnerError`"),
            panic.to_string(),
            "answer a `RunnerError` where something can go wrong; a panic is for bugs",
        )
    }

    /// The verdict on a runner that does not load.
    #[must_use]
    pub fn of_load(error: &LoadError) -> Self {
        match error {
            LoadError::Describe { source, .. } => Self::of_dispatch("loading it", source),
            LoadError::DescriptorLies {
                in_file, loaded, ..
            } => Self::failed(
                "the descriptor in the file and the loaded runner say the same",
                format!("the descriptor says {in_file}, the loaded runner says {loaded}"),
                "let `export_runner!` make both, and never edit a built library",
            ),
            error => Self::failed(
                "the library opens as a runner",
                error.to_string(),
                "build it as a `cdylib` with `export_runner!` against this version of protea-contracts",
            ),
        }
    }

    /// Time is up.
    #[must_use]
    pub fn timed_out(doing: &str, limit: Duration) -> Self {
        Self::TimedOut {
            doing: doing.to_owned(),
            limit: limit.as_secs_f64(),
        }
    }
}

fn remedy_for(error: &RunnerError) -> &'static str {
    match error {
        RunnerError::InvalidSpec { .. } => {
            "let the default of `Spec` be one that the runner takes, or give one as `[spec]` in conformance.toml"
        }
        RunnerError::Dataset { .. } => {
            "if the runner is of another field than proteins, name datasets of its field as `[datasets]` in conformance.toml"
        }
        RunnerError::Model { .. } => "read what `fit` and `export` write",
        RunnerError::Cancelled => "answer `Cancelled` only when the host asks for the end",
        _ => "see the message; the data and the spec are sound",
    }
}
