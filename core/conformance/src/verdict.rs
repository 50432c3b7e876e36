//! The outcome of a test.

use std::time::Duration;

use protea_core::{
    DispatchError, LoadError,
    contracts::{RunnerError, abi::host::Panic, error::with_causes},
    worker::WorkerError,
};
use serde::{Deserialize, Serialize};

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The runner conforms to the contract.
    Passed {
        /// What the test saw, if it is worth knowing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The runner conforms to the contract, but users may run into a problem.
    Warning {
        /// What the test saw, and what would be better.
        text: String,
    },
    /// The test does not apply to this runner.
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
        /// How to fix it.
        remedy: String,
    },
    /// The runner's process ended during a call.
    Crashed {
        /// The signal or exit code, and the call.
        how: String,
    },
    /// The runner had not finished when its time was up, and was killed.
    TimedOut {
        /// The call.
        doing: String,
        /// The time it had, in seconds.
        limit: f64,
    },
}

/// The result of a test's function. `Err` is a verdict too: `?` ends the test with it.
pub(crate) type Checked = Result<Verdict, Verdict>;

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
    /// All statuses, in the order of the counts.
    pub const ALL: [Self; 6] = [
        Self::Passed,
        Self::Warning,
        Self::Skipped,
        Self::Failed,
        Self::Crashed,
        Self::TimedOut,
    ];

    /// Its name: `passed`, `timed out`.
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

    /// Whether it means that the runner breaks the contract.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::TimedOut)
    }
}

impl Verdict {
    /// Passed, without a note.
    pub(crate) fn passed() -> Self {
        Self::Passed { note: None }
    }

    /// Passed, with a note.
    pub(crate) fn noted(note: impl Into<String>) -> Self {
        Self::Passed {
            note: Some(note.into()),
        }
    }

    /// A warning.
    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self::Warning { text: text.into() }
    }

    /// Skipped, but not because another test failed.
    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped {
            reason: reason.into(),
            because_of: None,
        }
    }

    /// Failed: what the contract says, what the runner did, how to fix it.
    pub(crate) fn failed(
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

    /// Its status.
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

    /// Its text, one line for each part; empty if there is none.
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

    /// The verdict on a call that should have returned a result.
    pub(crate) fn from_dispatch(doing: &str, error: &DispatchError) -> Self {
        let expected = format!("{doing} returns a result");
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
                format!("{doing} ends within a second after the host cancels it"),
                "it continued and was killed",
                "call `emit.check()?` in every loop, or return `RunnerError::Cancelled` when `emit` returns `Signal::Cancel`",
            ),
            DispatchError::Panicked(panic) => Self::from_panic(doing, panic),
            DispatchError::Worker(WorkerError::OutputTooLarge { limit }) => Self::failed(
                format!("{doing} writes less than {limit} bytes for the suite's small datasets"),
                error.to_string(),
                "write only what later calls need",
            ),
            DispatchError::Runner(error) => {
                Self::failed(expected, format!("the error: {error}"), remedy_for(error))
            }
            DispatchError::Worker(WorkerError::Open(reason)) => Self::failed(
                "the library opens as a runner",
                reason,
                "build it as a `cdylib` with `export_runner!` against this version of protea-contracts, and link every library that it needs",
            ),
            DispatchError::Worker(
                WorkerError::Start { .. } | WorkerError::Setup(_) | WorkerError::Sandbox { .. },
            ) => Self::Skipped {
                reason: format!(
                    "the suite cannot run it on this system: {}",
                    with_causes(error)
                ),
                because_of: None,
            },
            error => Self::failed(
                expected,
                with_causes(error),
                "use `protea_contracts`, which answers as the contract requires",
            ),
        }
    }

    /// The verdict on a panic.
    pub(crate) fn from_panic(doing: &str, panic: &Panic) -> Self {
        Self::failed(
            format!("{doing} returns a result or a `RunnerError`"),
            panic.to_string(),
            "return a `RunnerError` if something goes wrong; panics are for bugs",
        )
    }

    /// The verdict on a runner that does not load.
    pub(crate) fn from_load(error: &LoadError) -> Self {
        match error {
            LoadError::Describe { source, .. } => Self::from_dispatch("loading it", source),
            LoadError::DescriptorLies {
                in_file, loaded, ..
            } => Self::failed(
                "the loaded runner describes itself as the descriptor in the file does",
                format!("the descriptor says {in_file}, the loaded runner says {loaded}"),
                "let `export_runner!` make both, and do not edit a built library",
            ),
            error => Self::failed(
                "the library opens as a runner",
                with_causes(error),
                "build it as a `cdylib` with `export_runner!` against this version of protea-contracts",
            ),
        }
    }

    /// The call exceeded its time limit.
    pub(crate) fn timed_out(doing: &str, limit: Duration) -> Self {
        Self::TimedOut {
            doing: doing.to_owned(),
            limit: limit.as_secs_f64(),
        }
    }
}

fn remedy_for(error: &RunnerError) -> &'static str {
    match error {
        RunnerError::InvalidSpec { .. } => {
            "make the runner accept the default of `Spec`, or give a `[spec]` in conformance.toml"
        }
        RunnerError::Dataset { .. } => {
            "if the runner is not about proteins, name datasets of its field under `[datasets]` in conformance.toml"
        }
        RunnerError::Model { .. } => "make the runner read what its `fit` and `export` write",
        RunnerError::Cancelled => "return `Cancelled` only if the host cancels the call",
        _ => "see the message; the data and the spec are valid",
    }
}
