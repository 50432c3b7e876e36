//! What is known of a run when it starts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TrackerError;

/// Tags: short texts by name, for finding runs again.
pub type Tags = BTreeMap<String, String>;

/// What is known of a run when it starts. Backends that want it at creation get it then.
///
/// ```
/// use protea_tracking::RunStart;
///
/// let start = RunStart::new("knn on A")
///     .project("cafa")
///     .group("H012/E018/full")
///     .config("k", 5)
///     .tag("dataset", "A");
/// assert_eq!(start.config["k"], 5);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The run's id: unique wherever its log is kept, and the same in every log and table.
    /// ASCII letters, digits, `-`, `_` and `.`, at most 128, not beginning with a dot.
    pub run_id: String,
    /// For people.
    pub name: String,
    /// When it started.
    pub started: Timestamp,
    /// The settings, as they were chosen; nested objects are flattened where a backend wants that.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
    /// The id of the run that this one is part of.
    #[serde(default)]
    pub parent: Option<String>,
    /// What the run belongs to: an experiment in MLflow, a project in W&B.
    #[serde(default)]
    pub project: Option<String>,
    /// What the run is compared within, such as `H012/E018/full`.
    #[serde(default)]
    pub group: Option<String>,
    /// What kind of run, such as `training` or `evaluation`.
    #[serde(default)]
    pub kind: Option<String>,
    /// A text for people.
    #[serde(default)]
    pub notes: Option<String>,
    /// Whether no server is to be talked to while the run goes on.
    #[serde(default)]
    pub offline: bool,
}

impl RunStart {
    /// A run with this name, a new id, starting now.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let started = Timestamp::now();
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
            offline: false,
        }
    }

    /// Gives it this id.
    #[must_use]
    pub fn id(mut self, run_id: impl Into<String>) -> Self {
        self.run_id = run_id.into();
        self
    }

    /// Adds a setting.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Nests it below the run with this id.
    #[must_use]
    pub fn nested(mut self, parent: impl Into<String>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Says what it belongs to.
    #[must_use]
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Says what it is compared within.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Says what kind of run it is.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Adds a text for people.
    #[must_use]
    pub fn notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }

    /// Talks to no server while the run goes on.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Checks the ids, which become names of directories.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`].
    pub fn check(&self) -> Result<(), TrackerError> {
        check_id("run id", &self.run_id)?;
        match &self.parent {
            Some(parent) => check_id("id of the parent run", parent),
            None => Ok(()),
        }
    }
}

fn check_id(what: &'static str, id: &str) -> Result<(), TrackerError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let reason = if id.is_empty() {
        "it is empty"
    } else if id.len() > 128 {
        "it is longer than 128 characters"
    } else if id.starts_with('.') {
        "it begins with a dot"
    } else if !id.bytes().all(legal) {
        "it has other characters than ASCII letters, digits, `-`, `_` and `.`"
    } else {
        return Ok(());
    };
    Err(TrackerError::Name {
        what,
        value: id.to_owned(),
        reason: reason.to_owned(),
    })
}

/// Sorts by time; the random end keeps runs of one second apart.
fn new_run_id(started: Timestamp) -> String {
    let mut random = [0; 4];
    // Without the system's randomness the clock has to do: the id is no secret.
    if getrandom::fill(&mut random).is_err() {
        random = started.subsec_nanosecond().to_ne_bytes();
    }
    format!(
        "{}-{:08x}",
        started.strftime("%Y%m%dT%H%M%SZ"),
        u32::from_ne_bytes(random)
    )
}
