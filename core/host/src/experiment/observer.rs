//! Observers of an experiment.

use std::time::Duration;

use protea_contracts::{Level, emit::Event};

use super::events::{EventSource, ExperimentEvent};
pub use super::step::Step;
use crate::{store::Transfer, workspace::StepRecord};

/// Receives what happens in an experiment, and can cancel it. Called from any thread.
pub trait Observer: Send + Sync {
    /// Events below this level are not sent. The run's log takes what is at this level or at
    /// [`Level::Info`], whichever is lower.
    fn level(&self) -> Level {
        Level::Info
    }

    /// Something happened in a run, also in one of a search or a cross-validation, as a typed value.
    /// Other methods report the same in more detail.
    fn experiment_event(&self, _source: &EventSource, _event: &ExperimentEvent) {}

    /// A step begins.
    fn step_started(&self, _step: Step) {}

    /// The run's log took a line; it is given as it is in the file, without its end.
    fn log_line(&self, _level: Level, _line: &str) {}

    /// The runner sent an event.
    fn event(&self, _step: Step, _event: &Event<'_>) {}

    /// A step ended; its record says how.
    fn step_ended(&self, _step: Step, _record: &StepRecord, _time: Duration) {}

    /// A search or a cross-validation starts, or one of its runs has ended. What happens in these runs
    /// is reported to [`experiment_event`](Self::experiment_event); the other methods receive only
    /// their warnings and log lines.
    fn progress(&self, _progress: &Progress<'_>) {}

    /// A model, or the dataset of one, is fetched, or an export is sent, and has come this far.
    fn transfer(&self, _transfer: &Transfer<'_>) {}

    /// An entrant of a benchmark begins, has no scores, or returned other scores than it was given.
    fn benchmark(&self, _event: &BenchmarkEvent<'_>) {}

    /// Whether the experiment should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// How far a search or a cross-validation has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress<'p> {
    /// `trial` or `fold`.
    pub unit: &'static str,
    /// How many have ended; 0 at the beginning.
    pub done: usize,
    /// How many there will be.
    pub total: usize,
    /// What trials are compared by.
    pub metric: Option<&'p str>,
    /// The number of the one that just ended, and its score.
    pub latest: Option<(usize, Option<f64>)>,
    /// Whether that one was reused from an earlier run.
    pub taken_over: bool,
    /// The number of the best trial so far, and its score.
    pub best: Option<(usize, f64)>,
}

/// What happens in a benchmark, in addition to the steps of its entrants.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BenchmarkEvent<'b> {
    /// The run of an entrant begins.
    Started {
        /// The entrant.
        name: &'b str,
        /// Its place among all, from 0.
        place: usize,
        /// How many there are.
        total: usize,
    },
    /// An entrant has no scores.
    Failed {
        /// The entrant.
        name: &'b str,
        /// Why.
        reason: &'b str,
    },
    /// A runner returned another value of the metric that entrants are ranked by than the scorer
    /// found.
    Differs {
        /// The entrant.
        name: &'b str,
        /// The group.
        group: &'b str,
        /// The metric.
        metric: &'b str,
        /// What the runner returned.
        returned: f64,
        /// What the scorer found, which is what counts.
        scored: f64,
    },
}

/// Ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn level(&self) -> Level {
        Level::Error
    }
}
