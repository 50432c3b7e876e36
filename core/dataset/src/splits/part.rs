//! The parts of a split.

use std::path::PathBuf;

use serde::Serialize;

use crate::manifest::Counts;

/// What the proteins of a part are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose settings by.
    Validation,
    /// To be scored on.
    Test,
}

impl Part {
    /// Name of its directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Where a part is.
#[derive(Debug, Clone, Serialize)]
pub struct PartPlace {
    /// What it is for.
    pub part: Part,
    /// Its directory, a frozen dataset.
    pub directory: PathBuf,
    /// Its identity.
    pub sha256: String,
    /// How much it holds.
    pub counts: Counts,
}
