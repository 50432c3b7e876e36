//! The JSON documents of a plan directory, besides its tasks.

use std::path::PathBuf;

use jiff::Timestamp;
use protea_contracts::Sha256;
use protea_tracking::RunId;
use serde::{Deserialize, Serialize};

use super::{
    holder::Holder,
    prediction::{PlannedPrediction, TaskPrediction},
    task::TaskId,
};
use crate::Dataset;

/// The version of the layout.
pub(super) const FORMAT: u32 = 1;

/// `plan.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The version of the layout: 1.
    pub format: u32,
    /// SHA-256 of what was planned. Two plans with the same id begin with the same tasks.
    pub id: Sha256,
    /// The version of protea that planned.
    pub protea: String,
    /// What was planned: `search`, `cv`, `benchmark`, `run` or `predict`.
    pub kind: String,
    /// The arguments of the command, without the program, as gathering runs it again.
    pub command: Vec<String>,
    /// The directory that relative paths in the command start from.
    pub directory: PathBuf,
    /// The workspace that gathering records in.
    pub workspace: PathBuf,
    /// The name of the run that groups the others; `None` if the plan is a single run.
    pub name: Option<String>,
    /// The id of that run.
    pub parent: RunId,
    /// When it was planned.
    pub created: Timestamp,
    /// The runners.
    pub runners: Vec<PlannedRunner>,
    /// The datasets of the tasks.
    pub datasets: Vec<Dataset>,
    /// How many tasks there will be at most. More than there are lines in `tasks.jsonl` if later tasks
    /// depend on the results of earlier ones.
    pub total: usize,
    /// Where the example data are, if the command uses them.
    #[serde(default)]
    pub example_data: Option<PathBuf>,
    /// What is predicted, if the plan is of a prediction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<PlannedPrediction>,
    /// The resources that one task requests from a scheduler.
    #[serde(default)]
    pub resources: Resources,
}

impl Plan {
    /// A plan without tasks. It has this id, and the run that groups its runs will have the id `parent`.
    #[must_use]
    pub fn new(id: Sha256, parent: RunId) -> Self {
        Self {
            format: FORMAT,
            id,
            protea: env!("CARGO_PKG_VERSION").to_owned(),
            kind: String::new(),
            command: Vec::new(),
            directory: PathBuf::new(),
            workspace: PathBuf::new(),
            name: None,
            parent,
            created: protea_tracking::now(),
            runners: Vec::new(),
            datasets: Vec::new(),
            total: 0,
            example_data: None,
            prediction: None,
            resources: Resources::default(),
        }
    }
}

/// A runner of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRunner {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: Sha256,
}

/// The resources that one task requests from a scheduler. `None` is the default of the scheduler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Wall time in seconds.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// Memory in bytes.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Cores.
    #[serde(default)]
    pub cpus: Option<usize>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// With a result.
    Finished,
    /// The runner failed in a way that another attempt would not change.
    Failed,
}

/// `result.json` of a task that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskResult {
    /// The task.
    pub task: TaskId,
    /// How it ended.
    pub outcome: TaskOutcome,
    /// Its run; empty for a part of a prediction, which is not recorded as a run.
    pub run_id: RunId,
    /// The directory of the run below that of the result:
    /// `workspace/<job_id>/artifacts/<pipeline>/<run_id>`.
    pub run: PathBuf,
    /// The directory in which the run was recorded before the result was published. The files of the run
    /// contain this path.
    pub recorded_at: PathBuf,
    /// What a part of a prediction wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<TaskPrediction>,
    /// SHA-256 of `files.json`, the list of the files of the run with their hashes. `None` for a part of a
    /// prediction, which has its own, and for a result of a version before 1.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Sha256>,
    /// The step that failed: `fit`, `evaluate`, `export` or `predict`.
    #[serde(default)]
    pub step: Option<String>,
    /// Why it failed, with the causes.
    #[serde(default)]
    pub error: Option<String>,
    /// Wall time of the task in seconds, with loading the runner and checking the datasets.
    pub seconds: f64,
    /// The process that did it.
    pub holder: Holder,
}

impl TaskResult {
    /// The result of a task whose run has this id.
    #[must_use]
    pub fn new(task: TaskId, outcome: TaskOutcome, run_id: RunId) -> Self {
        Self {
            task,
            outcome,
            run_id,
            run: PathBuf::new(),
            recorded_at: PathBuf::new(),
            prediction: None,
            files: None,
            step: None,
            error: None,
            seconds: 0.0,
            holder: Holder::current(),
        }
    }
}

/// Whether another attempt can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Another attempt may succeed: exit code 75.
    Again,
    /// No other attempt will succeed: exit code 65.
    Never,
}

/// An attempt at a task that ended without a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The task.
    pub task: TaskId,
    /// Whether another attempt can succeed.
    pub verdict: Verdict,
    /// Why it ended.
    pub reason: String,
    /// The last lines of the run's log.
    #[serde(default)]
    pub log: Vec<String>,
    /// When it ended, by the clock of its machine.
    pub ended: Timestamp,
    /// The process.
    pub holder: Holder,
}

impl Attempt {
    /// An attempt that ends now.
    #[must_use]
    pub fn new(
        task: TaskId,
        verdict: Verdict,
        reason: String,
        log: Vec<String>,
        holder: Holder,
    ) -> Self {
        Self {
            task,
            verdict,
            reason,
            log,
            ended: protea_tracking::now(),
            holder,
        }
    }
}
