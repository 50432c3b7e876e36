//! Who watches an experiment.

use std::{sync::Arc, time::Duration};

use protea_contracts::{
    Level,
    emit::{Event, EventSink, METRIC},
};
use serde::Deserialize;

use super::recorder::Tracked;

use super::journal::StepLog;
use crate::workspace::StepRecord;

/// A lifecycle step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Learning.
    Fit,
    /// Predicting and scoring.
    Evaluate,
    /// Writing out the model.
    Export,
}

impl Step {
    /// `fit`, `evaluate` or `export`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Evaluate => "evaluate",
            Self::Export => "export",
        }
    }
}

/// Is told of what happens in an experiment, and may ask for its end. Called from any thread.
pub trait Observer: Send + Sync {
    /// Events below this level are not sent. The run's log takes what is at this level or at
    /// [`Level::Info`], whichever is lower.
    fn level(&self) -> Level {
        Level::Info
    }

    /// A step begins.
    fn step_started(&self, _step: Step) {}

    /// The run's log took a line; it is given as it is in the file, without its end.
    fn log_line(&self, _level: Level, _line: &str) {}

    /// The runner sent an event.
    fn event(&self, _step: Step, _event: &Event<'_>) {}

    /// A step ended; its record says how.
    fn step_ended(&self, _step: Step, _record: &StepRecord, _time: Duration) {}

    /// Whether the experiment should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn level(&self) -> Level {
        Level::Error
    }
}

/// The fields of a `metric` event.
#[derive(Deserialize)]
struct MetricFields {
    name: String,
    value: f64,
    step: u64,
}

/// An [`Observer`], the run's log and its trackers as the sink of one dispatch.
pub(super) struct StepSink {
    pub(super) tracked: Arc<Tracked>,
    pub(super) step: Step,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) log: StepLog,
}

impl EventSink for StepSink {
    fn level(&self) -> Level {
        self.observer.level().min(Level::Info)
    }

    fn receive(&self, event: &Event<'_>) {
        self.log.event(event);
        if event.name == METRIC
            && let Ok(MetricFields { name, value, step }) = serde_json::from_slice(event.fields)
        {
            self.tracked.metric(step, &name, value);
        }
        if event.level >= self.observer.level() {
            self.observer.event(self.step, event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }
}
