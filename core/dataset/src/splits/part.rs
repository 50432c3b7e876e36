//! The parts of a split.

use std::path::PathBuf;

use protea_contracts::Sha256;
use serde::Serialize;

use crate::manifest::Counts;

/// The purpose of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Training.
    Train,
    /// Choosing settings.
    Validation,
    /// Scoring.
    Test,
}

impl Part {
    /// Name of the part's directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The dataset of a part.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PartPlace {
    /// The purpose of the part.
    pub part: Part,
    /// Directory of the part, a frozen dataset.
    pub directory: PathBuf,
    /// Its identity: SHA-256 of `dataset.json`.
    pub sha256: Sha256,
    /// Numbers of proteins, annotations, terms and taxa.
    pub counts: Counts,
}
