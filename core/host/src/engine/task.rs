//! A line of `tasks.jsonl`.

use std::fmt;

use protea_contracts::{Sha256, content::digest_bytes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

/// The id of a task: the SHA-256 of what its result depends on, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a claim on something other than a task.
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Whether it has the form of an id, so that it can be the name of a file.
    pub(super) fn is_valid(&self) -> bool {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        self.0.len() == 64 && self.0.bytes().all(is_digit)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskKind {
    /// Fit on `train`, evaluate on `eval`: a trial, a fold, a contender.
    FitEvaluate,
    /// The same, then export.
    FitEvaluateExport,
}

/// The runner of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRunner {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: Sha256,
}

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

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// Its index in the plan, from 0: the number of its line.
    pub index: usize,
    /// Its id.
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// The kind of its run: `trial`, `fold`, `contender` or `experiment`.
    pub pipeline: String,
    /// The name of its run, such as `knn/search/trial-003`.
    pub name: String,
    /// The runner.
    pub runner: TaskRunner,
    /// The settings, resolved.
    pub spec: Value,
    /// The seed.
    pub seed: u64,
    /// The threads that the runner may use; 0 means one per core.
    pub threads: usize,
    /// To fit on.
    pub train: TaskDataset,
    /// To evaluate on.
    pub eval: TaskDataset,
    /// A number from 0 that distinguishes tasks of one plan that are otherwise the same.
    #[serde(default)]
    pub copy: usize,
}

impl Task {
    /// A task without settings, with the index 0.
    #[must_use]
    pub fn new(kind: TaskKind, runner: TaskRunner, train: TaskDataset, eval: TaskDataset) -> Self {
        let mut task = Self {
            index: 0,
            id: TaskId(String::new()),
            kind,
            pipeline: String::new(),
            name: String::new(),
            runner,
            spec: Value::Null,
            seed: 0,
            threads: 0,
            train,
            eval,
            copy: 0,
        };
        task.id = task.content_id();
        task
    }

    /// The id that the task's content has. It does not depend on the index, the name, the threads or
    /// where datasets are.
    #[must_use]
    pub fn content_id(&self) -> TaskId {
        let mut content = json!({
            "kind": self.kind,
            "pipeline": self.pipeline,
            "runner": self.runner.sha256,
            "spec": self.spec,
            "seed": self.seed,
            "train": self.train.sha256,
            "eval": self.eval.sha256,
        });
        if self.copy > 0 {
            content["copy"] = json!(self.copy);
        }
        content.sort_all_objects();
        TaskId(digest_bytes(content.to_string().as_bytes()).to_string())
    }
}
