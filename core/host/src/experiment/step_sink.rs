//! Where the events of a step go: the run's log, its trackers, and the observer.

use std::sync::Arc;

use protea_contracts::{
    Level,
    emit::{Event, EventSink, METRIC},
};
use serde::Deserialize;

use super::{
    journal::StepLog,
    observer::{Observer, Step},
    tracker_sink::TrackerSink,
};

/// The fields of a `metric` event.
#[derive(Deserialize)]
struct MetricFields {
    name: String,
    value: f64,
    step: u64,
}

/// An [`Observer`], the run's log and its trackers as the sink of one dispatch.
pub(super) struct StepSink {
    pub(super) tracked: Arc<TrackerSink>,
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
