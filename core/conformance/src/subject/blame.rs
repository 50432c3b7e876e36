//! Which test reports what: a failure of a step that many tests need is one test's business.

use protea_core::DispatchError;

use crate::Verdict;

/// What came of a call that is made once, with all that is usual, for every test that needs it.
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The answer, or the verdict of the test that reports it.
    pub outcome: Result<T, Verdict>,
    /// Whether the call ended without taking its process down. Other tests leave out one that did:
    /// it would hang or crash once more in each of them.
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
                DispatchError::Runner(_)
                    | DispatchError::Panicked(_)
                    | DispatchError::Metrics(_)
                    | DispatchError::Export { .. }
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

/// A test that cannot go on because another has failed.
pub(super) fn prerequisite(test: &str) -> Verdict {
    Verdict::Skipped {
        reason: format!("it needs what {test} found broken"),
        because_of: Some(test.to_owned()),
    }
}

/// What a failure of a shared step means for the tests that need it: one test reports it.
pub(crate) fn blamed_on(test: &str, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Skipped { .. } => verdict,
        _ => prerequisite(test),
    }
}

/// The suite's own files cannot be written.
pub(crate) fn cannot_write(error: std::io::Error) -> Verdict {
    Verdict::skipped(format!(
        "the suite's temporary files cannot be written: {error}"
    ))
}
