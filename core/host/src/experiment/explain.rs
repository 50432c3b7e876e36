//! Explains the scores of a model. Writes nothing, so nothing is recorded.

use std::sync::Arc;

use protea_contracts::{
    Explain, ExplainRequest, Explanation, Level,
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
        let sink = Listener(Arc::clone(&self.observer));
        let explained = self.runner.call::<Explain>(&request, Arc::new(sink));
        explained.map_err(|source| ExperimentError::Explain {
            source: Box::new(source),
        })
    }
}

/// An [`Observer`] as the sink of a dispatch that has no log.
struct Listener(Arc<dyn Observer>);

impl EventSink for Listener {
    fn level(&self) -> Level {
        self.0.level()
    }

    fn receive(&self, event: &Event<'_>) {
        self.0.event(Step::Explain, event);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
