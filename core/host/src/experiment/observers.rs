//! Several observers as one, a function as an observer, and cancelling from another thread.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use protea_contracts::{Level, emit::Event};

use super::{
    events::{EventSource, ExperimentEvent},
    observer::{BenchmarkEvent, Observer, Progress},
    step::Step,
};
use crate::{store::Transfer, workspace::StepRecord};

/// Cancels experiments from any thread. Clones cancel the same experiments.
///
/// ```
/// use protea_core::experiment::CancelToken;
///
/// let token = CancelToken::new();
/// let button = token.clone();
/// std::thread::spawn(move || button.cancel()).join().unwrap();
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels the experiments that have this token, for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Observer for CancelToken {
    fn level(&self) -> Level {
        Level::Error
    }

    fn is_cancelled(&self) -> bool {
        Self::is_cancelled(self)
    }
}

/// A function that takes the events of an experiment.
pub(super) struct Callback<F>(pub(super) F);

impl<F: Fn(&EventSource, ExperimentEvent) + Send + Sync> Observer for Callback<F> {
    fn experiment_event(&self, source: &EventSource, event: &ExperimentEvent) {
        (self.0)(source, event.clone());
    }
}

/// Two observers. Each gets what it asks for; either can cancel.
pub(super) struct Both(pub(super) Arc<dyn Observer>, pub(super) Arc<dyn Observer>);

impl Both {
    fn each(&self) -> [&dyn Observer; 2] {
        [&*self.0, &*self.1]
    }
}

impl Observer for Both {
    fn level(&self) -> Level {
        self.0.level().min(self.1.level())
    }

    fn experiment_event(&self, source: &EventSource, event: &ExperimentEvent) {
        for observer in self.each() {
            observer.experiment_event(source, event);
        }
    }

    fn step_started(&self, step: Step) {
        for observer in self.each() {
            observer.step_started(step);
        }
    }

    fn log_line(&self, level: Level, line: &str) {
        for observer in self.each() {
            // The log has lines below this if the other observer asks for them.
            if level >= observer.level().min(Level::Info) {
                observer.log_line(level, line);
            }
        }
    }

    fn event(&self, step: Step, event: &Event<'_>) {
        for observer in self.each() {
            if event.level >= observer.level() {
                observer.event(step, event);
            }
        }
    }

    fn step_ended(&self, step: Step, record: &StepRecord, time: Duration) {
        for observer in self.each() {
            observer.step_ended(step, record, time);
        }
    }

    fn progress(&self, progress: &Progress<'_>) {
        for observer in self.each() {
            observer.progress(progress);
        }
    }

    fn transfer(&self, transfer: &Transfer<'_>) {
        for observer in self.each() {
            observer.transfer(transfer);
        }
    }

    fn benchmark(&self, event: &BenchmarkEvent<'_>) {
        for observer in self.each() {
            observer.benchmark(event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled() || self.1.is_cancelled()
    }
}
