//! Requests to the runner, and the processes that make several of them.

use std::sync::Arc;

use protea_core::contracts::{
    EvalResult, Evaluate, EvaluateRequest, Export, ExportRequest, ExportResult, Fit, FitRequest,
    Level,
};
use serde_json::{Map, json};
use url::Url;

use super::{Fitted, Subject, blame::cannot_write};
use crate::{
    Verdict,
    fixture::Place,
    recorder::Recorder,
    sandbox::{self, Call, Manner, Opening, Probed, Task},
};

/// Seeds the calls of which nothing else is said.
pub const SEED: u64 = 7;

impl Subject {
    /// A place with datasets of its own.
    ///
    /// # Errors
    ///
    /// Skipped, where there is no room for it.
    pub fn place(&self) -> Result<Place, Verdict> {
        Place::new(&self.fixtures).map_err(cannot_write)
    }

    /// A request to fit on the place's own dataset.
    #[must_use]
    pub fn fit_request<S>(&self, place: &Place, output: &str, spec: S) -> FitRequest<S> {
        let mut request = FitRequest::new(spec, place.uri("train"), place.uri(output));
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        request
    }

    /// A request to score the shared model on a place's own dataset.
    #[must_use]
    pub fn evaluate_request(
        &self,
        fitted: &Fitted,
        place: &Place,
        output: &str,
    ) -> EvaluateRequest {
        self.evaluate_model(&fitted.model_uri, place, output)
    }

    /// A request to score a model on a place's own dataset.
    #[must_use]
    pub fn evaluate_model(&self, model: &Url, place: &Place, output: &str) -> EvaluateRequest {
        let mut request = EvaluateRequest::new(model.clone(), place.uri("eval"), place.uri(output));
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        request
    }

    /// A request to export a model into a place.
    #[must_use]
    pub fn export_model(&self, model: &Url, place: &Place, output: &str) -> ExportRequest {
        let mut request = ExportRequest::new("conformance", model.clone(), place.uri(output));
        request.provenance = Map::from_iter([("suite".to_owned(), json!("protea-conformance"))]);
        request
    }

    /// Evaluates, without listening.
    ///
    /// # Errors
    ///
    /// The verdict on a call that had to give a result.
    pub fn evaluate(&self, request: &EvaluateRequest) -> Result<EvalResult, Verdict> {
        self.runner()?
            .call::<Evaluate>(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::of_dispatch("evaluate", &error))
    }

    /// Exports, without listening.
    ///
    /// # Errors
    ///
    /// The verdict on a call that had to give a result.
    pub fn export(&self, request: &ExportRequest) -> Result<ExportResult, Verdict> {
        self.runner()?
            .call::<Export>(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::of_dispatch("export", &error))
    }

    /// Fit, evaluate and export, writing below names that end in `suffix`. What does not even end when
    /// it is made alone is left out: its own test says so.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without a model.
    pub(crate) fn calls(&self, place: &Place, suffix: &str) -> Result<Vec<Call>, Verdict> {
        let fitted = self.fitted()?;
        let named = |name: &str| format!("{name}{suffix}");
        let fit = self.fit_request(place, &named("model"), self.spec()?);
        let mut calls = vec![Call::new::<Fit>(&fit)];
        if self.evaluation_ends() {
            let request = self.evaluate_request(fitted, place, &named("evaluation"));
            calls.push(Call::new::<Evaluate>(&request));
        }
        if self.export_ends() {
            let request = self.export_model(&fitted.model_uri, place, &named("export"));
            calls.push(Call::new::<Export>(&request));
        }
        Ok(calls)
    }

    /// A task for a probe: opened once, calls one after the other, to a host that listens.
    #[must_use]
    pub fn task(&self, calls: Vec<Call>) -> Task {
        Task {
            library: self.path.clone(),
            opening: Opening::Once,
            calls,
            at_once: false,
            manner: Manner::Listening,
            settle: false,
            leave: false,
            count_threads: false,
            budget: None,
            limits: self.limits(),
        }
    }

    /// Runs a probe in a place. What it came to is the caller's to judge.
    ///
    /// # Errors
    ///
    /// Skipped, where the process cannot be started.
    pub fn probe(&self, task: &Task, place: &Place) -> Result<Probed, Verdict> {
        let (command, time) = (&self.settings.host.probe, self.settings.time_limit);
        sandbox::probe(command, task, place.path(), time).map_err(|error| {
            let program = command.program.display();
            Verdict::skipped(format!("{program} cannot be started: {error}"))
        })
    }
}
