//! What a step's manifest says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use protea_contracts::{Metrics, Sha256};
use protea_tracking::RunId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{Status, WorkspaceError};
use crate::{
    dispatch::ResourceUsage,
    store::{StoreError, write_atomic},
};

/// The file that says what a step did, in `steps/NN_<step>/`.
pub const STEP_MANIFEST: &str = "step_manifest.json";

/// A step of a run that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepManifest {
    /// The run.
    pub run_id: RunId,
    /// Its place in the run, from 0.
    pub index: usize,
    /// `fit`, `evaluate` or `export`.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Of it, the call of the runner, with what the runner itself wrote.
    pub compute_seconds: f64,
    /// Of it, what the host wrote after the call: the publication of an export, a reference model.
    pub writing_seconds: f64,
    /// The input rows, if the host knows their number.
    #[serde(default)]
    pub rows_in: Option<Rows>,
    /// The output rows, if the host knows their number.
    #[serde(default)]
    pub rows_out: Option<Rows>,
    /// Metrics that the runner returned.
    #[serde(default)]
    pub metrics: Metrics,
    /// Other values that the runner returned.
    #[serde(default)]
    pub extras: Map<String, Value>,
    /// What the runner's call used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceUsage>,
    /// Something to know about it.
    #[serde(default)]
    pub note: Option<String>,
    /// What it wrote.
    #[serde(default)]
    pub outputs: Vec<StepOutput>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// What was behind that, the nearest first.
    #[serde(default)]
    pub causes: Vec<String>,
}

/// A number of rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// Of what: `proteins`, `predictions`, `files`.
    pub of: String,
}

/// A file that a step wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepOutput {
    /// What it is: `model`, `predictions`, or its role in an export.
    pub role: String,
    /// Where it is.
    pub uri: Url,
    /// SHA-256 of its content, if the host computed it.
    #[serde(default)]
    pub sha256: Option<Sha256>,
    /// Its size, if the host knows it.
    #[serde(default)]
    pub bytes: Option<u64>,
}

impl StepManifest {
    /// The name of the step's directory, such as `01_evaluate`; it is the step's name in the log.
    #[must_use]
    pub fn directory_name(index: usize, name: &str) -> String {
        format!("{index:02}_{name}")
    }

    /// Writes it below a run's directory; a reader sees it whole or not at all.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`].
    pub fn write(&self, run: &Path) -> Result<PathBuf, WorkspaceError> {
        let directory = run
            .join("steps")
            .join(Self::directory_name(self.index, &self.name));
        fs::create_dir_all(&directory).map_err(StoreError::write(&directory))?;
        let path = directory.join(STEP_MANIFEST);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| StoreError::write(&path)(error.into()))?;
        text.push(b'\n');
        write_atomic(&path, &text)?;
        Ok(path)
    }
}
