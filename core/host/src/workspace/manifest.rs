//! What a run's manifest says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use protea_contracts::{
    ExportedFile, FileDigest, Metrics, Sha256,
    metrics::{value, value_by_name},
};
use protea_tracking::RunId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::{CodeRecord, HostRecord, JobId, RepositoryRecord, WorkspaceError};
use crate::{
    Dataset,
    dispatch::{ResourceUsage, SandboxRecord},
    store::StoreError,
};

/// How a run, or a step of it, stands.
pub use protea_tracking::RunStatus as Status;

/// The file that says what ran.
pub const RUN_MANIFEST: &str = "run_manifest.json";

/// The record of a run: everything needed to repeat it.
///
/// Other crates get one from [`read`](Self::read), or by deserialising.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunManifest {
    /// The run.
    pub run_id: RunId,
    /// The job that it belongs to.
    pub job_id: JobId,
    /// What kind of run: `training`, `evaluation`, `export`, or `experiment` for all three; what
    /// groups of runs have other names, such as `search`.
    pub pipeline: String,
    /// Its name, if it has one.
    #[serde(default)]
    pub name: Option<String>,
    /// The id of the run that it is part of.
    #[serde(default)]
    pub parent: Option<RunId>,
    /// The project: an experiment in MLflow, a project in W&B.
    #[serde(default)]
    pub project: Option<String>,
    /// The group within which it is compared, such as `H012/E018/full`.
    #[serde(default)]
    pub group: Option<String>,
    /// Tags for finding it again.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// A free text.
    #[serde(default)]
    pub notes: Option<String>,
    /// Its status.
    pub status: Status,
    /// The runner. `None` for a run that compares several runners, which are in its child runs.
    #[serde(default)]
    pub runner: Option<RunnerRecord>,
    /// Where the runner's code ran: `in-process` or `worker`.
    pub isolation: String,
    /// The sandbox of the calls. `None` for a run without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxRecord>,
    /// The settings, with the runner's defaults filled in; `null` where a model brought its own.
    pub spec: Value,
    /// Seeds everything that is random.
    pub seed: u64,
    /// How many threads the calls could use; 0 stands for one per core.
    pub threads: usize,
    /// The datasets, by role: `train`, `eval`.
    pub datasets: Map<String, Value>,
    /// The machine and the program.
    pub host: HostRecord,
    /// The git repository that it was started in.
    #[serde(default)]
    pub code: Option<CodeRecord>,
    /// The git work trees that the current directory, the runner and the workspace are in, with their
    /// uncommitted changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryRecord>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
    /// Where the model is.
    pub model_uri: Option<Url>,
    /// The scores. Read one with [`metric`](Self::metric) or
    /// [`metric_by_name`](Self::metric_by_name): indexing this map panics if the run has no such group.
    pub metrics: Metrics,
    /// What was written.
    pub artifacts: Artifacts,
    /// Why it failed.
    pub error: Option<String>,
}

impl RunManifest {
    /// By group, how many items the scores are of, if the runner returned that as the extra
    /// `scored`.
    #[must_use]
    pub fn scored(&self) -> BTreeMap<&str, u64> {
        counts(
            self.steps
                .iter()
                .filter_map(|step| step.extras.get("scored")),
        )
    }

    /// The value of a metric of a group, such as `metric("MFO", "fmax")`; `None` if the run has no
    /// such group or metric. A run that only fitted has no metrics, and an aspect without annotated
    /// proteins has none.
    #[must_use]
    pub fn metric(&self, group: &str, metric: &str) -> Option<f64> {
        value(&self.metrics, group, metric)
    }

    /// The value of a metric by its full name, such as `MFO.fmax`, or `MFO.fmax.mean` of a
    /// cross-validation; `None` if the run has no such metric.
    #[must_use]
    pub fn metric_by_name(&self, name: &str) -> Option<f64> {
        value_by_name(&self.metrics, name)
    }

    /// Reads the manifest in a run's directory.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when it cannot be read; [`WorkspaceError::Manifest`] when it is
    /// none.
    pub fn read(directory: &Path) -> Result<Self, WorkspaceError> {
        let path = directory.join(RUN_MANIFEST);
        let bytes = protea_files::read_document(&path).map_err(StoreError::from)?;
        serde_json::from_slice(&bytes).map_err(|source| WorkspaceError::Manifest { path, source })
    }
}

/// The counts in objects from group to count.
pub(super) fn counts<'v>(objects: impl Iterator<Item = &'v Value>) -> BTreeMap<&'v str, u64> {
    objects
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(group, count)| Some((group.as_str(), count.as_u64()?)))
        .collect()
}

/// The runner of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunnerRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The contract that it was built for.
    pub contract_version: String,
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of its file.
    pub sha256: Sha256,
}

impl RunnerRecord {
    /// What it is known by: name, version and hash.
    pub(crate) fn identity(&self) -> Value {
        json!({ "name": self.name, "version": self.version, "sha256": self.sha256 })
    }
}

/// A dataset of a run.
pub type DatasetRecord = Dataset;

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepRecord {
    /// `fit`, `evaluate` or `export`.
    pub name: String,
    /// Its status.
    pub status: Status,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Metrics that the step itself returned.
    #[serde(default)]
    pub metrics: Metrics,
    /// Other values that the runner returned.
    #[serde(default)]
    pub extras: Map<String, Value>,
    /// What the runner's call used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceUsage>,
    /// Something to know about it, such as that a reference model took the place of training.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a run wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Artifacts {
    /// The run's directory.
    pub directory: PathBuf,
    /// Where `evaluate` wrote its predictions.
    #[serde(default)]
    pub predictions: Option<PathBuf>,
    /// The files of the model in the run's directory, hashed by the host. Of a frozen dataset in it,
    /// the manifest alone. Empty in runs of protea 1.2 and earlier, and in runs that did not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<FileDigest>,
    /// What was exported, hashed by the host.
    #[serde(default)]
    pub export: Vec<ExportedFile>,
}
