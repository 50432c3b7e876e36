//! The sink of a step's events: the run's log, its trackers, and the observer.

use std::sync::Arc;

use protea_contracts::{
    Level, MetricEvent, ProgressEvent,
    event::{Event, EventSink},
};

use tracing::{Span, debug, error, info, warn};

use super::{
    events::{EventSource, ExperimentEvent},
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
    pub(super) source: Arc<EventSource>,
    /// The span of the step: the runner may emit on threads of its own.
    pub(super) span: Span,
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
        trace(&self.span, event);
        if let Some(typed) = ExperimentEvent::from_runner(self.step, event) {
            self.observer.experiment_event(&self.source, &typed);
        }
        if event.level >= self.observer.level() {
            self.observer.event(self.step, event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }
}

/// Emits a runner's event as an event of `tracing`, in the span of its step.
fn trace(span: &Span, event: &Event<'_>) {
    if let Ok(metric) = MetricEvent::try_from(event) {
        let MetricEvent {
            name, value, step, ..
        } = metric;
        info!(parent: span, metric = &*name, value, step, "metric");
        return;
    }
    if let Ok(progress) = ProgressEvent::try_from(event) {
        let ProgressEvent { done, total, .. } = progress;
        debug!(parent: span, done, total, "progress");
        return;
    }
    let (name, message) = (event.name, event.message.unwrap_or_default());
    match event.level {
        Level::Debug => debug!(parent: span, event = name, "{message}"),
        Level::Info => info!(parent: span, event = name, "{message}"),
        Level::Warning => warn!(parent: span, event = name, "{message}"),
        Level::Error => error!(parent: span, event = name, "{message}"),
    }
}
