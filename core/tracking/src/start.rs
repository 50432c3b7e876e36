//! The description of a run at its start.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{DatasetInput, RunId, TrackerError};

/// Tags of a run: short strings by name, to find runs by.
pub type Tags = BTreeMap<String, String>;

/// The description of a run at its start: id, name, settings, tags, and what it belongs to.
///
/// ```
/// use protea_tracking::RunStart;
///
/// let start = RunStart::new("knn on A")
///     .with_project("cafa")
///     .with_group("H012/E018/full")
///     .with_config("k", 5)
///     .with_tag("dataset", "A");
/// assert_eq!(start.config["k"], 5);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunStart {
    /// The run's id.
    pub run_id: RunId,
    /// The name to display; need not be unique.
    pub name: String,
    /// When the run started, in UTC.
    pub started: Timestamp,
    /// The settings. Backends without nested settings get them flattened.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// The tags.
    #[serde(default)]
    pub tags: Tags,
    /// The id of the run that this run is part of.
    #[serde(default)]
    pub parent: Option<RunId>,
    /// The project: an experiment in MLflow, a project in W&B.
    #[serde(default)]
    pub project: Option<String>,
    /// The group of runs to compare this run with, such as `H012/E018/full`.
    #[serde(default)]
    pub group: Option<String>,
    /// The kind of run, such as `training` or `evaluation`.
    #[serde(default)]
    pub kind: Option<String>,
    /// A free comment.
    #[serde(default)]
    pub notes: Option<String>,
    /// The datasets that the run reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<DatasetInput>,
    /// Whether to contact no server while the run is recorded. A sync can send it later.
    #[serde(default)]
    pub offline: bool,
}

impl RunStart {
    /// A run with this name, a new id and the current time as its start.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let started = crate::now();
        Self {
            run_id: new_run_id(started),
            name: name.into(),
            started,
            config: Map::new(),
            tags: Tags::new(),
            parent: None,
            project: None,
            group: None,
            kind: None,
            notes: None,
            inputs: Vec::new(),
            offline: false,
        }
    }

    /// Sets the id; see [`RunId`] for the rules.
    #[must_use]
    pub fn with_id(mut self, run_id: impl Into<RunId>) -> Self {
        self.run_id = run_id.into();
        self
    }

    /// Adds a setting.
    #[must_use]
    pub fn with_config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Makes the run part of the run with this id.
    #[must_use]
    pub fn with_parent(mut self, parent: impl Into<RunId>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Sets the project.
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Sets the group.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Sets the comment.
    #[must_use]
    pub fn with_notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }

    /// Adds a dataset that the run reads.
    #[must_use]
    pub fn with_input(mut self, input: DatasetInput) -> Self {
        self.inputs.push(input);
        self
    }

    /// Contacts no server while the run is recorded.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Checks the ids of the run and its parent, which become names of directories.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] if one breaks the rules of [`RunId`].
    pub fn check(&self) -> Result<(), TrackerError> {
        check_id("run id", &self.run_id)?;
        match &self.parent {
            Some(parent) => check_id("parent run id", parent),
            None => Ok(()),
        }
    }
}

fn check_id(what: &'static str, id: &RunId) -> Result<(), TrackerError> {
    match id.broken_rule() {
        None => Ok(()),
        Some(rule) => Err(TrackerError::Name {
            what,
            value: id.to_string(),
            reason: rule.to_owned(),
        }),
    }
}

/// An id that sorts by time. The random end distinguishes runs of the same second.
fn new_run_id(started: Timestamp) -> RunId {
    let mut random = [0; 4];
    // The id is not a secret, so the clock is good enough if the system gives no random bytes.
    if getrandom::fill(&mut random).is_err() {
        random = started.subsec_nanosecond().to_ne_bytes();
    }
    format!(
        "{}-{:08x}",
        started.strftime("%Y%m%dT%H%M%SZ"),
        u32::from_ne_bytes(random)
    )
    .into()
}
