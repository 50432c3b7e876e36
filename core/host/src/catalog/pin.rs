//! A runner as a lock file pins it.

use std::path::PathBuf;

use protea_contracts::Sha256;
use serde::{Deserialize, Serialize};

/// A pinned runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pin {
    /// The runner's version, for people.
    pub version: String,
    /// The SHA-256 of its file.
    pub sha256: Sha256,
    /// The path of the file when it was pinned. For people only: nothing is loaded from it.
    #[serde(serialize_with = "super::as_text")]
    pub path: PathBuf,
}
