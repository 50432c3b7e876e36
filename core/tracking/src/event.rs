//! What happens in a run: the lines of its log.

use std::{borrow::Cow, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RunStart, RunStatus, Tags};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event<'a> {
    /// Its place in the run: 0 is [`EventKind::InitRun`], then one more each. A gap shows that
    /// events could not be written.
    pub seq: u64,
    /// When, to the microsecond.
    pub time: Timestamp,
    /// What.
    #[serde(flatten, borrow)]
    pub kind: EventKind<'a>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind<'a> {
    /// The run started.
    InitRun(Box<RunStart>),
    /// Settings that became known later than the start.
    LogParams {
        /// By name; nested objects are flattened where a backend wants that.
        params: Map<String, Value>,
    },
    /// Values of metrics.
    Log {
        /// The step, such as an epoch or a fold.
        step: u64,
        /// By name. Not-a-number and the infinities are the texts `NaN`, `Infinity`, `-Infinity`.
        #[serde(borrow, with = "crate::number::by_name")]
        metrics: Vec<Metric<'a>>,
    },
    /// Tags, set or changed.
    SetTags {
        /// By name.
        tags: Tags,
    },
    /// A file or directory that belongs to the run.
    LogArtifact(Artifact),
    /// A model that belongs to the run.
    LogModel(Artifact),
    /// The run ended.
    Finish {
        /// How.
        status: RunStatus,
        /// Why, where it did not end well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

impl EventKind<'_> {
    /// The name that it has in the log: `init_run`, `log`, …
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InitRun(_) => "init_run",
            Self::LogParams { .. } => "log_params",
            Self::Log { .. } => "log",
            Self::SetTags { .. } => "set_tags",
            Self::LogArtifact(_) => "log_artifact",
            Self::LogModel(_) => "log_model",
            Self::Finish { .. } => "finish",
        }
    }
}

/// The value of a metric. NaN and the infinities are values.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric<'a> {
    /// Its name, such as `MFO/fmax`.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: f64,
}

/// A file or directory that belongs to a run. The log keeps where it is, not what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where it is, absolute. In the file of a log, what lies near the log is named from it on.
    pub path: PathBuf,
    /// What it is called in backends, with `/` between the parts: `predictions`, `export/model.json`.
    pub name: String,
}

impl Event<'_> {
    /// The same event with names of its own.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let Self { seq, time, kind } = self;
        let kind = match kind {
            EventKind::InitRun(start) => EventKind::InitRun(start),
            EventKind::LogParams { params } => EventKind::LogParams { params },
            EventKind::Log { step, metrics } => EventKind::Log {
                step,
                metrics: metrics.into_iter().map(Metric::into_owned).collect(),
            },
            EventKind::SetTags { tags } => EventKind::SetTags { tags },
            EventKind::LogArtifact(artifact) => EventKind::LogArtifact(artifact),
            EventKind::LogModel(artifact) => EventKind::LogModel(artifact),
            EventKind::Finish { status, error } => EventKind::Finish { status, error },
        };
        Event { seq, time, kind }
    }
}

impl Metric<'_> {
    fn into_owned(self) -> Metric<'static> {
        Metric {
            name: Cow::Owned(self.name.into_owned()),
            value: self.value,
        }
    }
}
