//! A dataset as a task names it.

use protea_contracts::Sha256;
use serde::{Deserialize, Serialize};
use url::Url;

/// A dataset of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDataset {
    /// Its name, for people.
    pub name: String,
    /// Where it is: its remote origin if it has one, otherwise a `file://` URI.
    pub uri: Url,
    /// Its identity: the SHA-256 of its manifest.
    pub sha256: Sha256,
}
