//! What happens in an experiment, as typed values that a program can keep or send to another thread.

use std::path::PathBuf;

use protea_contracts::{
    Level, MetricEvent, ProgressEvent, StageEvent,
    event::{Event, METRIC, PROGRESS, STAGE},
};
use protea_tracking::{RunId, RunStatus};

use super::step::Step;

/// The run that an [`ExperimentEvent`] comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventSource {
    /// The run's id; `None` for `explain` and `predict`, which are not recorded as runs.
    pub run_id: Option<RunId>,
    /// The run that it is part of, such as the search of a trial.
    pub parent: Option<RunId>,
    /// The run's name, such as `knn`, or `knn/search/trial-003`.
    pub name: String,
}

/// Something that happened in an experiment; [`Experiment::with_events`](super::Experiment::with_events)
/// gives them to a function.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ExperimentEvent {
    /// A run began.
    RunStarted {
        /// Its directory in the workspace.
        directory: PathBuf,
    },
    /// A step of the run began.
    StepStarted {
        /// The step.
        step: Step,
    },
    /// A step began a stage, such as the training in one aspect. The step's progress that follows is
    /// that of the stage.
    StageStarted {
        /// The step.
        step: Step,
        /// What is done, for people.
        name: String,
        /// Whether the stage may end before its total is reached.
        ends_early: bool,
    },
    /// A step, a search or a cross-validation has come this far.
    Progress {
        /// What is counted: the name of the step, such as `fit`; `trial` of a search; `fold` of a
        /// cross-validation.
        what: String,
        /// How many units of work have ended, in a unit that the runner chooses.
        done: u64,
        /// How many there will be; 0 if that is not known.
        total: u64,
    },
    /// The runner recorded a metric during a step, such as the loss after an epoch. The scores of a
    /// run are in its manifest.
    Metric {
        /// The step.
        step: Step,
        /// The metric's name.
        name: String,
        /// Its value.
        value: f64,
        /// When, in the runner's own unit, such as the number of the epoch.
        at: u64,
    },
    /// The run's log took a line. It has the runner's events and what the runner printed.
    Log {
        /// How important it is. Lines below [`Level::Info`] are not given.
        level: Level,
        /// The line without its time, level and run.
        text: String,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: Step,
        /// How it ended.
        status: RunStatus,
        /// Wall time in seconds.
        seconds: f64,
        /// Something to know about it, such as that a reference model took the place of training.
        note: Option<String>,
    },
    /// The run ended.
    RunEnded {
        /// How it ended.
        status: RunStatus,
        /// Why it failed.
        error: Option<String>,
    },
}

impl ExperimentEvent {
    /// The stage, progress or metric that a runner's event stands for; `None` for any other event, and if
    /// its fields are not what such an event has.
    pub(super) fn from_runner(step: Step, event: &Event<'_>) -> Option<Self> {
        match event.name {
            STAGE => {
                let stage = StageEvent::try_from(event).ok()?;
                Some(Self::StageStarted {
                    step,
                    name: stage.name.into_owned(),
                    ends_early: stage.ends_early,
                })
            }
            PROGRESS => {
                let progress = ProgressEvent::try_from(event).ok()?;
                Some(Self::Progress {
                    what: step.name().to_owned(),
                    done: progress.done,
                    total: progress.total,
                })
            }
            METRIC => {
                let metric = MetricEvent::try_from(event).ok()?;
                Some(Self::Metric {
                    step,
                    name: metric.name.into_owned(),
                    value: metric.value,
                    at: metric.step,
                })
            }
            _ => None,
        }
    }
}
