//! Which test reports a failure: if many tests need a step, only one of them reports it.

use protea_core::DispatchError;

use crate::Verdict;

/// The outcome of a call that is made once with default settings and shared by the tests.
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The answer, or the verdict of the test that reports it.
    pub outcome: Result<T, Verdict>,
    /// Whether the call ended with a result or an error. Other tests leave out a call that hangs,
    /// crashes or panics, because it would do so in each of them.
    pub ends: bool,
}

impl<T> Shared<T> {
    pub fn answered(answer: T) -> Self {
        Self {
            outcome: Ok(answer),
            ends: true,
        }
    }

    pub fn failed(error: &DispatchError, verdict: Verdict) -> Self {
        Self {
            outcome: Err(verdict),
            ends: matches!(
                error,
                DispatchError::Runner(_) | DispatchError::Metrics(_) | DispatchError::Export { .. }
            ),
        }
    }

    /// The verdict of a call that could not be made.
    pub fn not_made(verdict: Verdict) -> Self {
        Self {
            outcome: Err(verdict),
            ends: false,
        }
    }
}

/// Skips a test because another one has failed.
pub(super) fn prerequisite(test: &str) -> Verdict {
    Verdict::Skipped {
        reason: format!("it depends on {test}, which failed"),
        because_of: Some(test.to_owned()),
    }
}

/// Turns the failure of a shared step into a skip that names the test which reports it.
pub(crate) fn blamed_on(test: &str, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Skipped { .. } => verdict,
        _ => prerequisite(test),
    }
}

/// Skips a test because the suite's own files cannot be written.
pub(crate) fn cannot_write(error: std::io::Error) -> Verdict {
    Verdict::skipped(format!(
        "the suite's temporary files cannot be written: {error}"
    ))
}
