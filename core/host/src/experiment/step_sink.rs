//! The sink of a step's events: the run's log, its trackers, and the observer.

use std::sync::Arc;

use protea_contracts::{
    Level, MetricEvent,
    event::{Event, EventSink},
};

use super::{
    journal::StepLog,
    observer::{Observer, Step},
    tracker_sink::TrackerSink,
};

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
        // Only metrics go to trackers; other events are in the run's log alone.
        if let Ok(metric) = MetricEvent::try_from(event) {
            self.tracked.metric(metric.step, &metric.name, metric.value);
        }
        if event.level >= self.observer.level() {
            self.observer.event(self.step, event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }
}
