//! Asks a model something outside a run, so nothing is recorded: to explain scores, or to predict for
//! proteins without annotations.

use std::{sync::Arc, time::Instant};

use protea_contracts::{
    Explain, ExplainRequest, Explanation, Level, Predict, PredictRequest, PredictResult,
    event::{Event, EventSink},
};
use protea_tracking::RunStatus;

use super::{
    error::ExperimentError,
    events::{EventSource, ExperimentEvent},
    observer::{Observer, Step},
    setup::Experiment,
};
use crate::{CheckedOperation, DispatchError};

impl Experiment {
    /// Explains the scores that a model gives to a protein. The experiment's seed and
    /// threads take the place of the request's.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Explain`]; [`ExperimentError::Store`] when the model cannot be fetched.
    pub fn explain(&self, request: &ExplainRequest) -> Result<Explanation, ExperimentError> {
        let mut request = request.clone();
        request.seed = self.seed;
        request.threads = self.threads;
        let model = self.local_model(&request.model_uri, &[])?;
        request.model_uri = model.uri.clone();
        self.ask::<Explain>(Step::Explain, &request)
            .map_err(|source| ExperimentError::Explain {
                source: Box::new(source),
            })
    }

    /// Predicts with a model for the proteins of a dataset, which may have no annotations. The
    /// experiment's seed and threads take the place of the request's. The predictions are below the
    /// request's output directory.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Predict`]; [`ExperimentError::Store`] when the model cannot be fetched.
    pub fn predict(&self, request: &PredictRequest) -> Result<PredictResult, ExperimentError> {
        let mut request = request.clone();
        request.seed = self.seed;
        request.threads = self.threads;
        let model = self.local_model(&request.model_uri, &[])?;
        request.model_uri = model.uri.clone();
        self.ask::<Predict>(Step::Predict, &request)
            .map_err(|source| ExperimentError::Predict {
                source: Box::new(source),
            })
    }

    /// Calls an operation that is not recorded as a run, and reports its start, its events and its end.
    fn ask<O: CheckedOperation>(
        &self,
        step: Step,
        request: &O::Call,
    ) -> Result<O::Response, DispatchError> {
        let began = Instant::now();
        let sink = Arc::new(Listener {
            observer: Arc::clone(&self.observer),
            step,
            source: EventSource {
                run_id: None,
                parent: None,
                name: format!("{}/{}", self.runner.name(), step.name()),
            },
        });
        self.observer.step_started(step);
        sink.report(&ExperimentEvent::StepStarted { step });
        let answer = self
            .runner
            .call::<O>(request, Arc::clone(&sink) as Arc<dyn EventSink>);
        sink.report(&ExperimentEvent::StepEnded {
            step,
            status: match &answer {
                Ok(_) => RunStatus::Finished,
                Err(error) if error.is_cancelled() => RunStatus::Killed,
                Err(_) => RunStatus::Failed,
            },
            seconds: began.elapsed().as_secs_f64(),
            note: None,
        });
        answer
    }
}

/// An [`Observer`] as the sink of a dispatch that has no log.
struct Listener {
    observer: Arc<dyn Observer>,
    step: Step,
    source: EventSource,
}

impl Listener {
    fn report(&self, event: &ExperimentEvent) {
        self.observer.experiment_event(&self.source, event);
    }
}

impl EventSink for Listener {
    fn level(&self) -> Level {
        // Progress and metrics are at this level.
        self.observer.level().min(Level::Info)
    }

    fn receive(&self, event: &Event<'_>) {
        let typed = ExperimentEvent::from_runner(self.step, event).or_else(|| {
            let text = event.message.unwrap_or(event.name).to_owned();
            let level = event.level;
            (level >= Level::Info).then_some(ExperimentEvent::Log { level, text })
        });
        if let Some(typed) = typed {
            self.report(&typed);
        }
        if event.level >= self.observer.level() {
            self.observer.event(self.step, event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }
}
