//! Asks a model something outside a run, so nothing is recorded: to explain scores, or to predict for
//! proteins without annotations.

use std::sync::Arc;

use protea_contracts::{
    Explain, ExplainRequest, Explanation, Level, Predict, PredictRequest, PredictResult,
    event::{Event, EventSink},
};

use super::{
    error::ExperimentError,
    observer::{Observer, Step},
    setup::Experiment,
};

impl Experiment<'_> {
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
        self.observer.step_started(Step::Explain);
        let sink = Listener::new(&self.observer, Step::Explain);
        let explained = self.runner.call::<Explain>(&request, Arc::new(sink));
        explained.map_err(|source| ExperimentError::Explain {
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
        self.observer.step_started(Step::Predict);
        let sink = Listener::new(&self.observer, Step::Predict);
        let predicted = self.runner.call::<Predict>(&request, Arc::new(sink));
        predicted.map_err(|source| ExperimentError::Predict {
            source: Box::new(source),
        })
    }
}

/// An [`Observer`] as the sink of a dispatch that has no log.
struct Listener {
    observer: Arc<dyn Observer>,
    step: Step,
}

impl Listener {
    fn new(observer: &Arc<dyn Observer>, step: Step) -> Self {
        Self {
            observer: Arc::clone(observer),
            step,
        }
    }
}

impl EventSink for Listener {
    fn level(&self) -> Level {
        self.observer.level()
    }

    fn receive(&self, event: &Event<'_>) {
        self.observer.event(self.step, event);
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }
}
