//! The end of a run, as its log has it.

use crate::RunStatus;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunEnd {
    /// The status, not [`RunStatus::Running`].
    pub status: RunStatus,
    /// Why it failed or was killed, if that is known.
    pub error: Option<String>,
}

impl RunEnd {
    /// An end with this status and reason.
    #[must_use]
    pub const fn new(status: RunStatus, error: Option<String>) -> Self {
        Self { status, error }
    }
}
