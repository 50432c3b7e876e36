//! What an experiment does: fit, evaluate and export, alone, together, or grouped under one run.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread::{self, ThreadId},
};

use url::Url;

use super::{
    context::{GroupedRun, RunContext, RunOptions},
    error::ExperimentError,
    finished_run::FinishedRun,
    lifecycle::{Repeats, Steps},
    recorder::Recorder,
    run_spec::{Parent, RunSpec},
    setup::Experiment,
};
use crate::{
    Dataset, DispatchError, ResolvedSpec, SpecArgument, engine::TaskKind, store, workspace::Job,
};

impl Experiment {
    /// Fits on `train`, evaluates on `eval` and exports, in one run.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]. A spec that the runner's schema refuses writes nothing; what fails
    /// later is on record in the run's manifest.
    pub fn fit_evaluate_export<'s>(
        &self,
        spec: impl Into<SpecArgument<'s>>,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(spec)?;
        if let Some(destination) = &self.export_to {
            // Checked before anything is computed.
            self.store()?.check_vacant(destination)?;
        }
        let mut run_spec = RunSpec::new("experiment", self.runner.name());
        run_spec.spec = spec.as_value();
        run_spec.datasets = vec![("train", train), ("eval", eval)];
        if let Some(planned) = self.planned(&run_spec, TaskKind::FitEvaluateExport) {
            return planned;
        }
        self.record(&run_spec, |steps| {
            let model = steps.fit(&spec, train)?;
            steps.evaluate(&model, eval)?;
            steps.export(&model, None)
        })
    }

    /// As [`fit_evaluate_export`](Self::fit_evaluate_export), but without an export. The model stays
    /// in the run's directory and can be exported later.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export).
    pub fn fit_evaluate<'s>(
        &self,
        spec: impl Into<SpecArgument<'s>>,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(spec)?;
        let mut run_spec = RunSpec::new("experiment", self.runner.name());
        run_spec.spec = spec.as_value();
        run_spec.datasets = vec![("train", train), ("eval", eval)];
        if let Some(planned) = self.planned(&run_spec, TaskKind::FitEvaluate) {
            return planned;
        }
        self.record(&run_spec, |steps| {
            let model = steps.fit(&spec, train)?;
            steps.evaluate(&model, eval)
        })
    }

    /// Fits on `train`. A runner without a training step gets a reference model.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export).
    pub fn fit<'s>(
        &self,
        spec: impl Into<SpecArgument<'s>>,
        train: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        self.fit_below(None, spec, train)
    }

    /// Evaluates the model at `model_uri` on `eval`.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export).
    pub fn evaluate(
        &self,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        self.evaluate_below(None, model_uri, eval)
    }

    /// Exports the model at `model_uri` to the local or remote directory `destination`, which must
    /// not exist; by default to the experiment's destination. A remote export is in the run's
    /// directory too.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export);
    /// [`StoreError::Exists`](crate::StoreError::Exists) when `destination` exists.
    pub fn export(
        &self,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<FinishedRun, ExperimentError> {
        self.export_below(None, model_uri, destination)
    }

    /// Groups what `body` does under one run: its operations become child runs, named
    /// `<name>/<method>` and nested in every backend. The run ends `finished` when `body` returns
    /// a value, `failed` when it returns an error or panics, `killed` when the user ends it.
    ///
    /// ```no_run
    /// # use protea_core::{Experiment, ExperimentError, dataset};
    /// # fn example(experiment: &Experiment) -> Result<(), Box<dyn std::error::Error>> {
    /// let (train, test) = (dataset::stage("data/train")?, dataset::stage("data/test")?);
    /// let grouped = experiment.run("k of five", |run| {
    ///     let fitted = run.fit(&serde_json::json!({ "k": 5 }), &train)?;
    ///     let scored = run.evaluate(&fitted.model_uri()?, &test)?;
    ///     Ok(scored.manifest.metrics)
    /// })?;
    /// for child in &grouped.children {
    ///     println!("{} {} {:.1} s", child.name, child.status, child.seconds);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What `body` returns; [`ExperimentError::RunInsideRun`] when this is called in a `body`.
    pub fn run<T>(
        &self,
        options: impl Into<RunOptions>,
        body: impl FnOnce(&mut RunContext<'_>) -> Result<T, ExperimentError>,
    ) -> Result<GroupedRun<T>, ExperimentError> {
        let options = options.into();
        let _inside = Inside::enter(&self.inside, &options.name)?;
        let mut run_spec = RunSpec::new(options.pipeline, options.name);
        run_spec.of_runner = options.of_runner;
        run_spec.tags = options.tags;
        run_spec.notes = options.notes;
        let delegation = self.delegation.as_ref();
        if let Some(delegation) = delegation {
            delegation.prepare(self)?;
        }
        run_spec.run_id = delegation.and_then(|delegation| delegation.group(&run_spec.name));
        if delegation.is_some_and(|delegation| delegation.is_partial()) {
            run_spec
                .tags
                .insert("partial".to_owned(), "true".to_owned());
        }
        let recorder = self.begin(&run_spec)?;
        let ended = RunContext::new(self, recorder, run_spec.name).run(|run| {
            for (role, dataset) in &options.datasets {
                run.log_dataset(role, dataset)?;
            }
            if !options.params.is_empty() {
                run.log_params(options.params)?;
            }
            body(run)
        });
        if let Some(delegation) = delegation {
            delegation.ends_with(ended.as_ref().err());
        }
        ended
    }

    pub(super) fn fit_below<'s>(
        &self,
        parent: Option<&Parent>,
        spec: impl Into<SpecArgument<'s>>,
        train: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(spec)?;
        let mut run_spec = RunSpec::new("training", self.name(parent, "fit"));
        run_spec.parent = parent.map(|parent| &parent.run_id);
        run_spec.spec = spec.as_value();
        run_spec.datasets = vec![("train", train)];
        self.record(&run_spec, |steps| steps.fit(&spec, train).map(drop))
    }

    pub(super) fn evaluate_below(
        &self,
        parent: Option<&Parent>,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut run_spec = RunSpec::new("evaluation", self.name(parent, "evaluate"));
        run_spec.parent = parent.map(|parent| &parent.run_id);
        let public_uri = store::without_secrets(model_uri);
        run_spec.model_uri = Some(&public_uri);
        run_spec.datasets = vec![("eval", eval)];
        self.record(&run_spec, |steps| steps.evaluate(model_uri, eval))
    }

    pub(super) fn export_below(
        &self,
        parent: Option<&Parent>,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut run_spec = RunSpec::new("export", self.name(parent, "export"));
        run_spec.parent = parent.map(|parent| &parent.run_id);
        let public_uri = store::without_secrets(model_uri);
        run_spec.model_uri = Some(&public_uri);
        self.record(&run_spec, |steps| steps.export(model_uri, destination))
    }

    /// `<parent>/<method>`; a run by itself is named after its runner.
    fn name(&self, parent: Option<&Parent>, method: &str) -> String {
        let above = parent.map_or(self.runner.name(), |parent| &parent.name);
        format!("{above}/{method}")
    }

    pub(super) fn resolve<'s>(
        &self,
        spec: impl Into<SpecArgument<'s>>,
    ) -> Result<ResolvedSpec, ExperimentError> {
        match spec.into() {
            SpecArgument::Given(spec) => self.runner.resolve_spec(spec).map_err(Self::before_run),
            SpecArgument::Resolved(spec) => Ok(spec.clone()),
        }
    }

    fn before_run(source: DispatchError) -> ExperimentError {
        ExperimentError::Spec {
            source: Box::new(source),
        }
    }

    fn begin(&self, run_spec: &RunSpec<'_>) -> Result<Recorder, ExperimentError> {
        Recorder::begin(&self.job_of(run_spec)?, self, run_spec)
    }

    pub(super) fn job_of(&self, run_spec: &RunSpec<'_>) -> Result<Job, ExperimentError> {
        Ok(match &self.job {
            Some(job) => job.clone(),
            None => self.workspace.job(&run_spec.state_point(self))?,
        })
    }

    /// The directory of the job that has the finished runs of this work.
    pub(super) fn directory_of_job(
        &self,
        run_spec: &RunSpec<'_>,
    ) -> Result<PathBuf, ExperimentError> {
        match &self.delegation {
            Some(delegation) => delegation.job_directory(self, run_spec),
            None => Ok(self.job_of(run_spec)?.directory().to_owned()),
        }
    }

    /// The result of a whole run that was planned.
    fn planned(
        &self,
        run_spec: &RunSpec<'_>,
        kind: TaskKind,
    ) -> Option<Result<FinishedRun, ExperimentError>> {
        let delegation = self.delegation.as_ref()?;
        let ended = delegation.outcome(self, run_spec, kind);
        delegation.ends_with(ended.as_ref().err());
        Some(ended)
    }

    pub(super) fn record(
        &self,
        run_spec: &RunSpec<'_>,
        work: impl FnOnce(&mut Steps<'_>) -> Result<(), ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let recorder = self.begin(run_spec)?;
        let mut steps = Steps {
            experiment: self,
            recorder,
            fitted_on: Vec::new(),
            checkpoints: Vec::new(),
            repeats: Repeats::Never,
        };
        let span = steps.recorder.run_span();
        let result = span.in_scope(|| work(&mut steps));
        steps.end(result)
    }
}

/// Held while a body of [`Experiment::run`] runs on this thread.
struct Inside<'e>(&'e Mutex<HashMap<ThreadId, String>>);

impl<'e> Inside<'e> {
    fn enter(
        inside: &'e Mutex<HashMap<ThreadId, String>>,
        name: &str,
    ) -> Result<Self, ExperimentError> {
        let mut open = inside.lock().unwrap_or_else(PoisonError::into_inner);
        match open.entry(thread::current().id()) {
            Entry::Occupied(outer) => Err(ExperimentError::RunInsideRun {
                outer: outer.get().clone(),
                inner: name.to_owned(),
            }),
            Entry::Vacant(free) => {
                free.insert(name.to_owned());
                Ok(Self(inside))
            }
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&thread::current().id());
    }
}
