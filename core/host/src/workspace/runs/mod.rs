//! All runs of a workspace at a glance.
//!
//! There is no index that could be wrong: every manifest is read each time, on all cores, and of
//! each only what a list shows is kept.

mod index;
mod order;
mod scan;
mod selection;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use index::{RunChanges, RunIndex};
pub use order::{DEVIATION, MEAN, RunKey, RunOrder, RunRow};
pub use selection::{RunSelection, RunSelectionError, SelectedRuns};

use jiff::Timestamp;
use protea_contracts::{
    Metrics,
    metrics::{value, value_by_name},
};
use protea_tracking::RunId;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{JobId, Status, Workspace, manifest::counts};

/// What a list shows of a run: the head of its manifest.
///
/// Its fields are those of the same name in [`RunManifest`](super::RunManifest).
// They are not one struct embedded in both: the shared keys are not next to each other in the document,
// so that embedding would change the order of keys in every manifest. And serde's `flatten` would
// keep all other keys of a manifest in memory, which a list of thousands of runs skips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunHead {
    /// The run.
    pub run_id: RunId,
    /// The job that it belongs to.
    pub job_id: JobId,
    /// What kind of run.
    pub pipeline: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The id of the run that it is part of.
    #[serde(default)]
    pub parent: Option<RunId>,
    /// What it belongs to.
    #[serde(default)]
    pub project: Option<String>,
    /// What it is compared within.
    #[serde(default)]
    pub group: Option<String>,
    /// Short texts by name.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// A free text.
    #[serde(default)]
    pub notes: Option<String>,
    /// Its status.
    pub status: Status,
    /// The runner; none of a run that compares several.
    #[serde(default)]
    pub runner: Option<RunnerHead>,
    /// Seeds everything that is random.
    pub seed: u64,
    /// The settings, with the runner's defaults filled in.
    #[serde(default)]
    pub spec: Value,
    /// The datasets, by role.
    #[serde(default)]
    pub datasets: Map<String, Value>,
    /// The steps, of which only some values are needed.
    #[serde(default, rename = "steps", skip_serializing)]
    steps: Vec<StepHead>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The scores.
    #[serde(default)]
    pub metrics: Metrics,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// The runner of a [`RunHead`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunnerHead {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A step of a [`RunHead`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct StepHead {
    #[serde(default)]
    extras: StepExtras,
}

/// What a list shows of the values that a runner returned besides its metrics.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct StepExtras {
    /// By group, the number of items that the scores are of. Not every runner returns it, and the
    /// name is not reserved.
    #[serde(default)]
    scored: Value,
}

/// The dataset that a run was scored on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Evaluated<'r> {
    /// Its name.
    pub name: &'r str,
    /// Its identity.
    pub sha256: &'r str,
}

/// A run that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRun {
    /// Its directory.
    pub directory: PathBuf,
    /// What it is.
    pub head: RunHead,
}

/// A manifest that says nothing that can be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnreadableRun {
    /// The manifest.
    #[serde(serialize_with = "displayed")]
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A path as text, for JSON, which has no strings that are not UTF-8.
fn displayed<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// The runs of a workspace.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RunList {
    /// The runs, in the order of their ids, which is that of time.
    pub runs: Vec<ListedRun>,
    /// Manifests that could not be read, in the order of their paths.
    pub unreadable: Vec<UnreadableRun>,
}

impl RunHead {
    /// By group, how many items the scores are of, if the runner returned that.
    #[must_use]
    pub fn scored(&self) -> BTreeMap<&str, u64> {
        counts(self.steps.iter().map(|step| &step.extras.scored))
    }

    /// The value of a metric of a group: as [`RunManifest::metric`](super::RunManifest::metric).
    #[must_use]
    pub fn metric(&self, group: &str, metric: &str) -> Option<f64> {
        value(&self.metrics, group, metric)
    }

    /// The value of a metric by its full name: as
    /// [`RunManifest::metric_by_name`](super::RunManifest::metric_by_name).
    #[must_use]
    pub fn metric_by_name(&self, name: &str) -> Option<f64> {
        value_by_name(&self.metrics, name)
    }

    /// The dataset that the run was scored on; `None` if it was not evaluated.
    #[must_use]
    pub fn evaluated_on(&self) -> Option<Evaluated<'_>> {
        let dataset = self.datasets.get("eval")?;
        Some(Evaluated {
            name: dataset.get("name")?.as_str()?,
            sha256: dataset.get("sha256")?.as_str()?,
        })
    }

    /// Wall time in seconds: to the end, or to `now` if it is still running.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> f64 {
        let end = match (self.finished, self.status) {
            (Some(end), _) => end,
            (None, Status::Running) => now,
            (None, _) => self.started,
        };
        end.duration_since(self.started).as_secs_f64().max(0.0)
    }
}

impl Workspace {
    /// All runs; [`RunList::select`] filters and sorts them. A manifest that cannot be understood is
    /// listed as such; a directory without one is none of a run.
    #[must_use]
    pub fn runs(&self) -> RunList {
        scan::scan(self.directory())
    }
}
