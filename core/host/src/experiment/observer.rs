//! Who watches an experiment.

use std::{sync::Arc, time::Duration};

use protea_contracts::{
    Level,
    emit::{Event, EventSink, METRIC},
};
use serde::Deserialize;

use super::{journal::StepLog, tracked::Tracked};
use crate::{store::Transfer, workspace::StepRecord};

/// What a runner is asked to do: a lifecycle step of a run, or a question about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Learning.
    Fit,
    /// Predicting and scoring.
    Evaluate,
    /// Writing out the model.
    Export,
    /// Saying where scores come from; no step of a run.
    Explain,
}

impl Step {
    /// `fit`, `evaluate`, `export` or `explain`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Evaluate => "evaluate",
            Self::Export => "export",
            Self::Explain => "explain",
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

    /// A search or a cross-validation begins, or one of its runs ended. Steps of these runs are not
    /// told, and of their events warnings only.
    fn progress(&self, _progress: &Progress<'_>) {}

    /// A model, or the dataset of one, is fetched, or an export is sent, and has come this far.
    fn transfer(&self, _transfer: &Transfer<'_>) {}

    /// Whether the experiment should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// How far a search or a cross-validation has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress<'p> {
    /// `trial` or `fold`.
    pub what: &'static str,
    /// How many have ended; 0 at the beginning.
    pub done: usize,
    /// How many there will be.
    pub total: usize,
    /// What trials are compared by.
    pub metric: Option<&'p str>,
    /// The number of the one that just ended, and its score.
    pub latest: Option<(usize, Option<f64>)>,
    /// Whether that one was taken over from a run that was there already.
    pub taken_over: bool,
    /// The number of the best trial so far, and its score.
    pub best: Option<(usize, f64)>,
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
