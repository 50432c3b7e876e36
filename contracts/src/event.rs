//! Events as they cross the boundary, and the three whose fields have a type.
//!
//! An event has a name such as `runner.knn.fit_start`, an optional message for people, fields (a
//! JSON object) and a [`Level`]. This module knows neither runners nor hosts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The name of a [`ProgressEvent`].
pub const PROGRESS: &str = "progress";
/// The name of a [`MetricEvent`].
pub const METRIC: &str = "metric";
/// The name of a [`StageEvent`].
pub const STAGE: &str = "stage";

/// How important an event is. Ordered: `Debug < Info < Warning < Error`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the author of the runner.
    Debug,
    /// For the user.
    #[default]
    Info,
    /// The user should look at it; the result is still valid.
    Warning,
    /// Something went wrong.
    Error,
}

impl Level {
    /// The level of a number that crossed the boundary. Numbers above the last level mean
    /// [`Error`](Self::Error).
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Debug,
            1 => Self::Info,
            2 => Self::Warning,
            _ => Self::Error,
        }
    }
}

/// What the host answers to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Continue,
    /// The host wants the call to end; return
    /// [`RunnerError::Cancelled`](crate::RunnerError::Cancelled) soon.
    Cancel,
}

/// An event as the host receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Dotted name, such as `runner.knn.fit_start`.
    pub name: &'a str,
    /// For people.
    pub message: Option<&'a str>,
    /// A JSON object, as bytes. They come from the runner and are not validated.
    pub fields: &'a [u8],
    /// How important it is.
    pub level: Level,
}

/// Receives the events of a call: what a host implements.
///
/// Called from whatever thread the runner emits on. If it panics, the panic is contained: that
/// event is lost, later ones are not delivered, and the call goes on.
pub trait EventSink: Send + Sync {
    /// Events below this level are not sent. Asked once per call, when it begins.
    fn level(&self) -> Level {
        Level::Info
    }

    /// Takes an event.
    fn receive(&self, event: &Event<'_>);

    /// Whether the call should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// How far a call has come: the fields of the event [`PROGRESS`].
///
/// ```
/// use protea_contracts::event::{Event, Level, PROGRESS, ProgressEvent};
///
/// let event = Event {
///     name: PROGRESS,
///     message: None,
///     fields: br#"{"done": 3, "total": 10}"#,
///     level: Level::Info,
/// };
/// let progress = ProgressEvent::try_from(&event)?;
/// assert_eq!((progress.done, progress.total), (3, 10));
/// # Ok::<(), protea_contracts::event::EventError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProgressEvent {
    /// Units of work completed.
    pub done: u64,
    /// Units of work in all; 0 if unknown.
    pub total: u64,
}

impl ProgressEvent {
    /// `done` of `total`, both in the same unit.
    #[must_use]
    pub const fn new(done: u64, total: u64) -> Self {
        Self { done, total }
    }
}

/// A metric recorded during a call, such as the loss after an epoch: the fields of the event
/// [`METRIC`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MetricEvent<'a> {
    /// The metric.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its value. A value that is not finite is sent as `null`, which cannot be read back.
    pub value: f64,
    /// When it was recorded, in the runner's own unit, such as the number of the epoch.
    pub step: u64,
}

impl<'a> MetricEvent<'a> {
    /// A metric at a step.
    pub fn new(name: impl Into<Cow<'a, str>>, value: f64, step: u64) -> Self {
        Self {
            name: name.into(),
            value,
            step,
        }
    }
}

/// A part of a call begins, such as the training in one aspect: the fields of the event [`STAGE`].
///
/// The progress that follows is that of the stage, until the next stage begins.
///
/// ```
/// use protea_contracts::event::{Event, Level, STAGE, StageEvent};
///
/// let event = Event {
///     name: STAGE,
///     message: None,
///     fields: br#"{"name": "training of BPO", "ends_early": true}"#,
///     level: Level::Info,
/// };
/// let stage = StageEvent::try_from(&event)?;
/// assert_eq!((&*stage.name, stage.ends_early), ("training of BPO", true));
/// # Ok::<(), protea_contracts::event::EventError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StageEvent<'a> {
    /// What is done, for people.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Whether the stage may end before its total is reached, as a training that stops early does.
    /// The remaining time is then an upper limit.
    #[serde(default)]
    pub ends_early: bool,
}

impl<'a> StageEvent<'a> {
    /// A stage that ends when its total is reached.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            ends_early: false,
        }
    }

    /// The stage may end before its total is reached.
    #[must_use]
    pub fn ending_early(self) -> Self {
        Self {
            ends_early: true,
            ..self
        }
    }
}

/// Why a raw event is not the typed event it was expected to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The event has another name.
    #[error("the name of the event is not {expected:?}")]
    Name {
        /// The name of the typed event.
        expected: &'static str,
    },
    /// The fields are not a JSON object, one is missing, or one has another type.
    #[error("the fields of {event:?} cannot be read at {field:?}")]
    Fields {
        /// The name of the event.
        event: &'static str,
        /// The field at fault; empty if the fields are not a JSON object with all fields.
        field: String,
        /// The parser's error.
        source: serde_json::Error,
    },
}

impl TryFrom<&Event<'_>> for ProgressEvent {
    type Error = EventError;

    fn try_from(event: &Event<'_>) -> Result<Self, EventError> {
        read(event, PROGRESS, &["done", "total"])
    }
}

impl<'a> TryFrom<&Event<'a>> for MetricEvent<'a> {
    type Error = EventError;

    fn try_from(event: &Event<'a>) -> Result<Self, EventError> {
        read(event, METRIC, &["name", "value", "step"])
    }
}

impl<'a> TryFrom<&Event<'a>> for StageEvent<'a> {
    type Error = EventError;

    fn try_from(event: &Event<'a>) -> Result<Self, EventError> {
        read(event, STAGE, &["name"])
    }
}

fn read<'a, T: Deserialize<'a>>(
    event: &Event<'a>,
    expected: &'static str,
    required: &[&str],
) -> Result<T, EventError> {
    if event.name != expected {
        return Err(EventError::Name { expected });
    }
    let mut parser = serde_json::Deserializer::from_slice(event.fields);
    serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let path = error.path().to_string();
        // At the root the parser names no field: it is one that is missing, if any is.
        let field = if path == "." {
            missing(event.fields, required)
        } else {
            path
        };
        EventError::Fields {
            event: expected,
            field,
            source: error.into_inner(),
        }
    })
}

/// The first required field that is missing from a JSON object.
fn missing(fields: &[u8], required: &[&str]) -> String {
    serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(fields)
        .ok()
        .and_then(|fields| {
            let missing = required.iter().find(|name| !fields.contains_key(**name));
            missing.map(|name| (*name).to_owned())
        })
        .unwrap_or_default()
}
