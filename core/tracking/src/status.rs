//! How a run stands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a run, or a part of it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It came to its end.
    Finished,
    /// It ended with an error or a panic.
    Failed,
    /// The user ended it, or its process vanished.
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
