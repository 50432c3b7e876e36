//! Requests to the runner, and probes that make several calls.

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
    fixture::WorkDir,
    recorder::Recorder,
    sandbox::{self, Call, Manner, Opening, Probed, Task},
};

/// The seed of every request.
pub const SEED: u64 = 7;

impl Subject {
    /// A working directory with copies of the datasets.
    ///
    /// # Errors
    ///
    /// Skipped, if it cannot be written.
    pub fn work_dir(&self) -> Result<WorkDir, Verdict> {
        WorkDir::new(&self.fixtures).map_err(cannot_write)
    }

    /// An empty working directory.
    ///
    /// # Errors
    ///
    /// Skipped, if it cannot be made.
    pub fn empty_dir(&self) -> Result<WorkDir, Verdict> {
        WorkDir::empty(&self.fixtures.scratch).map_err(cannot_write)
    }

    /// A request to fit on the directory's copy of the dataset.
    #[must_use]
    pub fn fit_request<S>(&self, dir: &WorkDir, output: &str, spec: S) -> FitRequest<S> {
        let mut request = FitRequest::new(spec, dir.uri("train"), dir.uri(output));
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        request
    }

    /// A request to evaluate the shared model on the directory's copy of the dataset.
    #[must_use]
    pub fn evaluate_request(
        &self,
        fitted: &Fitted,
        dir: &WorkDir,
        output: &str,
    ) -> EvaluateRequest {
        self.evaluate_model(&fitted.model_uri, dir, output)
    }

    /// A request to evaluate a model on the directory's copy of the dataset.
    #[must_use]
    pub fn evaluate_model(&self, model: &Url, dir: &WorkDir, output: &str) -> EvaluateRequest {
        let mut request = EvaluateRequest::new(model.clone(), dir.uri("eval"), dir.uri(output));
        request.seed = SEED;
        request.run_id = "conformance".to_owned();
        request
    }

    /// A request to export a model into the directory.
    #[must_use]
    pub fn export_model(&self, model: &Url, dir: &WorkDir, output: &str) -> ExportRequest {
        let mut request = ExportRequest::new("conformance", model.clone(), dir.uri(output));
        request.provenance = Map::from_iter([("suite".to_owned(), json!("protea-conformance"))]);
        request
    }

    /// Evaluates, ignoring events.
    ///
    /// # Errors
    ///
    /// The verdict on a call that fails.
    pub fn evaluate(&self, request: &EvaluateRequest) -> Result<EvalResult, Verdict> {
        self.runner()?
            .call::<Evaluate>(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::from_dispatch("evaluate", &error))
    }

    /// Exports, ignoring events.
    ///
    /// # Errors
    ///
    /// The verdict on a call that fails.
    pub fn export(&self, request: &ExportRequest) -> Result<ExportResult, Verdict> {
        self.runner()?
            .call::<Export>(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::from_dispatch("export", &error))
    }

    /// Fit, evaluate and export, with output names that end in `suffix`. A call that does not end when it
    /// is made alone is left out, because its own test reports it.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs a model.
    pub(crate) fn calls(&self, dir: &WorkDir, suffix: &str) -> Result<Vec<Call>, Verdict> {
        let fitted = self.fitted()?;
        let named = |name: &str| format!("{name}{suffix}");
        let fit = self.fit_request(dir, &named("model"), self.spec()?);
        let mut calls = vec![Call::new::<Fit>(&fit)];
        if self.evaluation_ends() {
            let request = self.evaluate_request(fitted, dir, &named("evaluation"));
            calls.push(Call::new::<Evaluate>(&request));
        }
        if self.export_ends() {
            let request = self.export_model(&fitted.model_uri, dir, &named("export"));
            calls.push(Call::new::<Export>(&request));
        }
        Ok(calls)
    }

    /// A task for a probe: opens the library once and makes the calls one after the other.
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

    /// Runs a probe in a directory.
    ///
    /// # Errors
    ///
    /// Skipped, if the process cannot be started.
    pub fn probe(&self, task: &Task, dir: &WorkDir) -> Result<Probed, Verdict> {
        let (command, time) = (&self.settings.host.probe, self.settings.time_limit);
        sandbox::probe(command, task, dir.path(), time).map_err(|error| {
            let program = command.program.display();
            Verdict::skipped(format!("{program} cannot be started: {error}"))
        })
    }
}
