//! A run that groups others.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use protea_contracts::{ExplainRequest, Explanation, Metrics};
use protea_tracking::{RunId, Tags};
use serde_json::{Map, Value};
use url::Url;

use super::{
    error::ExperimentError,
    finished_run::FinishedRun,
    lifecycle::{Repeats, Steps},
    observer::Observer,
    recorder::Recorder,
    run_spec::Parent,
    setup::{Experiment, RunLayout},
};
use crate::{
    Dataset, SpecArgument,
    workspace::{RunManifest, Status},
};

/// Name, tags, notes, datasets and settings of a grouping run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    pub(super) name: String,
    pub(super) pipeline: &'static str,
    pub(super) of_runner: bool,
    pub(super) tags: Tags,
    pub(super) notes: Option<String>,
    pub(super) datasets: Vec<(String, Dataset)>,
    pub(super) params: Map<String, Value>,
}

impl RunOptions {
    /// A run with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            pipeline: "group",
            of_runner: true,
            tags: Tags::new(),
            notes: None,
            datasets: Vec::new(),
            params: Map::new(),
        }
    }

    /// A run that compares several runners and belongs to none of them.
    #[must_use]
    pub fn benchmark(name: impl Into<String>) -> Self {
        Self {
            pipeline: "benchmark",
            of_runner: false,
            ..Self::new(name)
        }
    }

    /// Adds a tag, which takes precedence over the experiment's tag of the same name.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Records a dataset that the whole run is about, by its role, such as `data`. The job of the run
    /// does not depend on it.
    #[must_use]
    pub fn with_dataset(mut self, role: impl Into<String>, dataset: &Dataset) -> Self {
        self.datasets.push((role.into(), dataset.clone()));
        self
    }

    /// Records a setting of the run itself. The job of the run does not depend on it.
    #[must_use]
    pub fn with_param(mut self, name: impl Into<String>, value: Value) -> Self {
        self.params.insert(name.into(), value);
        self
    }

    /// A free text.
    #[must_use]
    pub fn with_notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }
}

impl From<&str> for RunOptions {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for RunOptions {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// A finished grouping run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupedRun<T> {
    /// What the body returned.
    pub value: T,
    /// The run's directory.
    pub directory: PathBuf,
    /// What its `run_manifest.json` says.
    pub manifest: RunManifest,
    /// Its child runs in order. Empty with a flat layout, whose steps are in the manifest.
    pub children: Vec<ChildRun>,
}

/// A child of a grouping run, in short.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChildRun {
    /// `<parent>/<method>`.
    pub name: String,
    /// Its id.
    pub run_id: RunId,
    /// Its directory.
    pub directory: PathBuf,
    /// How it ended.
    pub status: Status,
    /// Wall time of its steps.
    pub seconds: f64,
    /// Its scores.
    pub metrics: Metrics,
}

/// The run that a body of [`Experiment::run`] is in.
pub struct RunContext<'e> {
    pub(super) parent: Parent,
    pub(super) steps: Steps<'e>,
    pub(super) children: Vec<ChildRun>,
}

impl<'e> RunContext<'e> {
    pub(super) fn new(experiment: &'e Experiment, recorder: Recorder, name: String) -> Self {
        Self {
            parent: Parent {
                run_id: recorder.directory().id().clone(),
                name,
            },
            steps: Steps {
                experiment,
                recorder,
                fitted_on: Vec::new(),
                checkpoints: Vec::new(),
                repeats: Repeats::Possible,
            },
            children: Vec::new(),
        }
    }

    pub(super) fn run<T>(
        mut self,
        body: impl FnOnce(&mut Self) -> Result<T, ExperimentError>,
    ) -> Result<GroupedRun<T>, ExperimentError> {
        let span = self.steps.recorder.run_span();
        let (result, value) = match span.in_scope(|| body(&mut self)) {
            Ok(value) => (Ok(()), Some(value)),
            Err(error) => (Err(error), None),
        };
        let run = self.steps.end(result)?;
        Ok(GroupedRun {
            value: value.expect("a body without a value returned the error above"),
            directory: run.directory,
            manifest: run.manifest,
            children: self.children,
        })
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.parent.run_id
    }

    /// The run's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.steps.recorder.directory().path()
    }

    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.steps.experiment.observer)
    }

    /// Fits on `train`, as [`Experiment::fit`] does.
    ///
    /// # Errors
    ///
    /// As [`Experiment::fit`].
    pub fn fit<'s>(
        &mut self,
        spec: impl Into<SpecArgument<'s>>,
        train: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let experiment = self.steps.experiment;
        if experiment.layout == RunLayout::Flat {
            let spec = experiment.resolve(spec)?;
            self.steps.fit(&spec, train)?;
            return Ok(self.so_far());
        }
        let run = experiment.fit_below(Some(&self.parent), spec, train);
        self.child("fit", run)
    }

    /// Evaluates the model at `model_uri` on `eval`, as [`Experiment::evaluate`] does.
    ///
    /// # Errors
    ///
    /// As [`Experiment::evaluate`].
    pub fn evaluate(
        &mut self,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let experiment = self.steps.experiment;
        if experiment.layout == RunLayout::Flat {
            self.steps.evaluate(model_uri, eval)?;
            return Ok(self.so_far());
        }
        let run = experiment.evaluate_below(Some(&self.parent), model_uri, eval);
        self.child("evaluate", run)
    }

    /// Exports the model at `model_uri`, as [`Experiment::export`] does.
    ///
    /// # Errors
    ///
    /// As [`Experiment::export`].
    pub fn export(
        &mut self,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<FinishedRun, ExperimentError> {
        let experiment = self.steps.experiment;
        if experiment.layout == RunLayout::Flat {
            self.steps.export(model_uri, destination)?;
            return Ok(self.so_far());
        }
        let run = experiment.export_below(Some(&self.parent), model_uri, destination);
        self.child("export", run)
    }

    /// Explains scores, as [`Experiment::explain`] does. Nothing is recorded.
    ///
    /// # Errors
    ///
    /// As [`Experiment::explain`].
    pub fn explain(&self, request: &ExplainRequest) -> Result<Explanation, ExperimentError> {
        self.steps.experiment.explain(request)
    }

    /// Adds settings of the run itself.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Tracker`].
    pub fn log_params(&mut self, params: Map<String, Value>) -> Result<(), ExperimentError> {
        self.steps.recorder.log_params(params)
    }

    /// Records a dataset of the run itself by its role, such as `train`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Workspace`] when the manifest cannot be written.
    pub fn log_dataset(
        &mut self,
        role: impl Into<String>,
        dataset: &Dataset,
    ) -> Result<(), ExperimentError> {
        self.steps.recorder.log_dataset(role.into(), dataset)
    }

    /// Adds metrics of the run itself.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Tracker`].
    pub fn log_metrics(
        &mut self,
        step: u64,
        metrics: &[(&str, f64)],
    ) -> Result<(), ExperimentError> {
        self.steps.recorder.log_metrics(step, metrics)
    }

    /// Adds a file to the run, under its own name. It should be in the run's directory.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Tracker`].
    pub fn log_artifact(&self, path: &Path) -> Result<(), ExperimentError> {
        self.steps.recorder.log_artifact(path)
    }

    /// Sets tags of the run itself.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Tracker`].
    pub fn set_tags(&mut self, tags: Tags) -> Result<(), ExperimentError> {
        self.steps.recorder.set_tags(tags)
    }

    /// What was done in it so far.
    #[must_use]
    pub fn children(&self) -> &[ChildRun] {
        &self.children
    }

    /// Puts a child on the list, also one that failed.
    pub(super) fn child(
        &mut self,
        method: &str,
        result: Result<FinishedRun, ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let directory = match &result {
            Ok(run) => Some(&run.directory),
            Err(ExperimentError::Step { directory, .. }) => Some(directory),
            Err(_) => None,
        };
        if let Some(directory) = directory {
            self.child_at(method, directory.clone());
        }
        result
    }

    /// Puts the child with this directory on the list.
    pub(super) fn child_at(&mut self, method: &str, directory: PathBuf) {
        // The manifest was written when the child ended. If that failed, the error was reported
        // then.
        if let Ok(manifest) = RunManifest::read(&directory) {
            self.children.push(ChildRun {
                name: format!("{}/{method}", self.parent.name),
                run_id: manifest.run_id,
                directory,
                status: manifest.status,
                seconds: manifest.steps.iter().map(|step| step.seconds).sum(),
                metrics: manifest.metrics,
            });
        }
    }

    fn so_far(&self) -> FinishedRun {
        FinishedRun {
            directory: self.steps.recorder.directory().path().to_owned(),
            manifest: self.steps.recorder.manifest.clone(),
        }
    }
}
