//! The events of a run: the lines of its log.

use std::{borrow::Cow, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{RunStart, RunStatus, Tags};

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunEvent<'a> {
    /// Position in the run. 0 is [`EventKind::InitRun`]; each further event counts one up. A gap
    /// means that events could not be written.
    pub seq: u64,
    /// When the event happened, in UTC, to the microsecond.
    #[serde(serialize_with = "microseconds")]
    pub time: Timestamp,
    /// The kind of event, with its content.
    #[serde(flatten, borrow)]
    pub kind: EventKind<'a>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind<'a> {
    /// The run started.
    InitRun(Box<RunStart>),
    /// Settings that became known after the start.
    LogParams {
        /// Settings by name. Backends without nested settings get them flattened.
        params: Map<String, Value>,
    },
    /// Values of metrics.
    Log {
        /// The step, such as an epoch or a fold.
        step: u64,
        /// The values in the order of logging. In JSON, an object from name to value, with the
        /// strings `NaN`, `Infinity` and `-Infinity` for what is not a JSON number.
        #[serde(borrow, with = "crate::number::by_name")]
        metrics: Vec<MetricPoint<'a>>,
    },
    /// Tags, added or changed.
    SetTags {
        /// The tags.
        tags: Tags,
    },
    /// A file or directory that belongs to the run.
    LogArtifact(Artifact),
    /// A model that belongs to the run.
    LogModel(Artifact),
    /// The run ended.
    Finish {
        /// How it ended.
        status: RunStatus,
        /// Why it failed or was killed, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

impl EventKind<'_> {
    /// The name in the log: `init_run`, `log`, …
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

/// One value of a metric. NaN and the infinities are allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricPoint<'a> {
    /// The metric's name, such as `MFO/fmax`.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: f64,
}

/// A file or directory that belongs to a run. The log holds its path, not its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The absolute path. In the file of a log, a path near the log is stored relative to it, so
    /// that both can be moved together.
    pub path: PathBuf,
    /// The name in backends, with `/` between its parts: `predictions`, `export/model.json`.
    pub name: String,
}

impl<'a> RunEvent<'a> {
    /// An event at this position and time.
    #[must_use]
    pub const fn new(seq: u64, time: Timestamp, kind: EventKind<'a>) -> Self {
        Self { seq, time, kind }
    }

    /// Whether this is the end of the run.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self.kind, EventKind::Finish { .. })
    }

    /// Whether it names files, which take longer to send than values.
    #[must_use]
    pub const fn has_files(&self) -> bool {
        matches!(
            self.kind,
            EventKind::LogArtifact(_) | EventKind::LogModel(_)
        )
    }

    /// The same event without borrowed names.
    #[must_use]
    pub fn into_owned(self) -> RunEvent<'static> {
        let Self { seq, time, kind } = self;
        let kind = match kind {
            EventKind::InitRun(start) => EventKind::InitRun(start),
            EventKind::LogParams { params } => EventKind::LogParams { params },
            EventKind::Log { step, metrics } => EventKind::Log {
                step,
                metrics: metrics.into_iter().map(MetricPoint::into_owned).collect(),
            },
            EventKind::SetTags { tags } => EventKind::SetTags { tags },
            EventKind::LogArtifact(artifact) => EventKind::LogArtifact(artifact),
            EventKind::LogModel(artifact) => EventKind::LogModel(artifact),
            EventKind::Finish { status, error } => EventKind::Finish { status, error },
        };
        RunEvent { seq, time, kind }
    }
}

impl MetricPoint<'_> {
    fn into_owned(self) -> MetricPoint<'static> {
        MetricPoint {
            name: Cow::Owned(self.name.into_owned()),
            value: self.value,
        }
    }
}

/// Six digits after the second, so that the times of all lines are equally long.
fn microseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.6}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_has_this_form() {
        let time = Timestamp::from_microsecond(1_790_000_000_120_400).unwrap();
        let metrics = [("MFO/fmax", 0.544), ("loss", f64::NAN), ("whole", 1.0)]
            .map(|(name, value)| MetricPoint {
                name: Cow::Borrowed(name),
                value,
            })
            .to_vec();
        let event = RunEvent::new(1, time, EventKind::Log { step: 7, metrics });
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"seq":1,"time":"2026-09-21T14:13:20.120400Z","event":"log","step":7,"metrics":{"MFO/fmax":0.544,"loss":"NaN","whole":1.0}}"#
        );
        let status = RunStatus::Finished;
        let end = EventKind::Finish {
            status,
            error: None,
        };
        let time = Timestamp::from_second(0).unwrap();
        assert_eq!(
            serde_json::to_string(&RunEvent::new(2, time, end)).unwrap(),
            r#"{"seq":2,"time":"1970-01-01T00:00:00.000000Z","event":"finish","status":"finished"}"#
        );
    }

    proptest! {
        #[test]
        fn a_line_reads_back_as_the_event(
            seq in any::<u64>(),
            step in any::<u64>(),
            microseconds in 0..4_000_000_000_000_000_i64,
            metrics in proptest::collection::vec((any::<String>(), any::<f64>()), 0..5),
        ) {
            let time = Timestamp::from_microsecond(microseconds).unwrap();
            let metrics: Vec<MetricPoint<'_>> = metrics
                .into_iter()
                .map(|(name, value)| MetricPoint { name: Cow::Owned(name), value })
                .collect();
            let event = RunEvent::new(seq, time, EventKind::Log { step, metrics });
            let text = serde_json::to_string(&event).unwrap();
            prop_assert!(text.ends_with('}') && !text.contains('\n'), "{text:?}");
            let read: RunEvent<'_> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.seq, event.seq);
            prop_assert_eq!(read.time, event.time);
            // NaN is not equal to itself, so the debug strings are compared.
            prop_assert_eq!(format!("{:?}", read.kind), format!("{:?}", event.kind));
        }
    }
}
