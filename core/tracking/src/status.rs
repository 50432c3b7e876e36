//! The status of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a run, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Not ended yet.
    Running,
    /// Ended normally.
    Finished,
    /// Ended with an error or a panic.
    Failed,
    /// Ended by the user, or its process is gone.
    Killed,
}

impl RunStatus {
    /// `running`, `finished`, `failed` or `killed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
