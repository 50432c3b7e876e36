//! Experiments: a runner, a workspace and trackers, tied together; every run is on record, and can
//! be asked where a score comes from.

mod artifacts;
mod benchmark;
mod context;
mod cross_validation;
mod done_before;
mod earlier;
mod error;
mod explain;
mod journal;
mod observer;
mod plan;
mod recorder;
mod search;
mod steps;
mod tracked;
mod trials;
mod tsv;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use url::Url;

pub use benchmark::Contender;
pub use context::{ChildRun, GroupedRun, RunContext, RunOptions};
pub use cross_validation::{CrossValidation, Fold, FoldScores, MetricSpread};
pub use error::ExperimentError;
pub use observer::{Observer, Progress, Silent, Step};
pub use search::{Origin, Search, SearchError, SearchResult, Setting, Strategy, Trial, Values};

use crate::{
    Dataset, DispatchError, Runner, Workspace,
    backends::Tracking,
    store,
    store::Store,
    workspace::{Job, RunManifest, Status},
};
use plan::Plan;
use recorder::Recorder;
use steps::Steps;

/// A runner, a workspace and trackers, tied together.
#[derive(Clone)]
pub struct Experiment<'a> {
    runner: &'a Runner,
    workspace: &'a Workspace,
    job: Option<Job>,
    below: Option<String>,
    seed: u64,
    threads: usize,
    jobs: usize,
    recompute: bool,
    flat: bool,
    tracking: Tracking,
    store: Option<Store>,
    export_to: Option<Url>,
    observer: Arc<dyn Observer>,
    /// The name of the run that [`Experiment::run`] is in.
    inside: Arc<Mutex<Option<String>>>,
}

/// A run that came to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedRun {
    /// The run's directory.
    pub directory: PathBuf,
    /// What its `run_manifest.json` says.
    pub manifest: RunManifest,
}

impl<'a> Experiment<'a> {
    /// An experiment with seed 0, all cores, nobody watching, and no backend beside the event log.
    #[must_use]
    pub fn new(runner: &'a Runner, workspace: &'a Workspace) -> Self {
        Self {
            runner,
            workspace,
            job: None,
            below: None,
            seed: 0,
            threads: 0,
            jobs: 1,
            recompute: false,
            flat: false,
            tracking: Tracking::default(),
            store: None,
            export_to: None,
            observer: Arc::new(Silent),
            inside: Arc::default(),
        }
    }

    /// The same with another runner.
    #[must_use]
    pub fn with_runner<'b>(&self, runner: &'b Runner) -> Experiment<'b>
    where
        'a: 'b,
    {
        Experiment {
            runner,
            ..self.clone()
        }
    }

    /// Keeps every run in this job, instead of in the one that its state point makes.
    #[must_use]
    pub fn in_job(mut self, job: Job) -> Self {
        self.job = Some(job);
        self
    }

    /// Nests every run that is not nested otherwise below the run with this id.
    #[must_use]
    pub fn below(mut self, run_id: impl Into<String>) -> Self {
        self.below = Some(run_id.into());
        self
    }

    /// Seeds everything that is random.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many threads a runner may use; 0 stands for one per core.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many trials of a search, or folds of a cross-validation, go on at once; each gets its
    /// share of the threads. 1 unless set.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Computes every trial and fold anew, also where a run that is there already did the same.
    #[must_use]
    pub fn recomputing(mut self, recompute: bool) -> Self {
        self.recompute = recompute;
        self
    }

    /// What the runs say of themselves, and which backends they go to.
    #[must_use]
    pub fn with_tracking(mut self, tracking: Tracking) -> Self {
        self.tracking = tracking;
        self
    }

    /// The store that models and exports elsewhere go through, instead of the user's.
    #[must_use]
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Where exports go that are told no other place: a directory that must not be there yet, of this
    /// machine or elsewhere; the run's own directory unless set.
    #[must_use]
    pub fn exporting_to(mut self, destination: Url) -> Self {
        self.export_to = Some(destination);
        self
    }

    /// Who is told of steps and events, and may cancel.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Puts what happens in a [`run`](Self::run) into that one run, as its steps, instead of into
    /// child runs.
    #[must_use]
    pub fn flat(mut self, flat: bool) -> Self {
        self.flat = flat;
        self
    }

    /// Fits on `train`, evaluates on `eval` and exports, in one run.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]. A spec that the runner's schema refuses writes nothing; what fails
    /// later is on record in the run's manifest.
    pub fn fit_evaluate_export(
        &self,
        spec: &Value,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(spec)?;
        if let Some(destination) = &self.export_to {
            // Said before anything is computed.
            self.store()?.check_vacant(destination)?;
        }
        let mut plan = Plan::new("experiment", self.runner.name());
        plan.spec = &spec;
        plan.datasets = vec![("train", train), ("eval", eval)];
        self.record(&plan, |steps| {
            let model = steps.fit(&spec, train)?;
            steps.evaluate(&model, eval)?;
            steps.export(&model, None)
        })
    }

    /// Fits on `train`. A runner without a training step gets a reference model.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export).
    pub fn fit(&self, spec: &Value, train: &Dataset) -> Result<FinishedRun, ExperimentError> {
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

    /// Exports the model at `model_uri` to the directory `destination`, of this machine or elsewhere,
    /// which must not be there yet; by default to where the experiment's exports go. What goes
    /// elsewhere is in the run's directory too.
    ///
    /// # Errors
    ///
    /// As [`fit_evaluate_export`](Self::fit_evaluate_export);
    /// [`StoreError::Exists`](crate::StoreError::Exists) when `destination` is there.
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
    /// # fn example(experiment: &Experiment<'_>) -> Result<(), Box<dyn std::error::Error>> {
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
        let mut plan = Plan::new(options.pipeline, options.name);
        plan.of_runner = options.of_runner;
        plan.tags = options.tags;
        plan.notes = options.notes;
        let recorder = self.begin(&plan)?;
        RunContext::new(self, recorder, plan.name).run(body)
    }

    fn fit_below(
        &self,
        parent: Option<&Parent>,
        spec: &Value,
        train: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(spec)?;
        let mut plan = Plan::new("training", self.name(parent, "fit"));
        plan.parent = parent.map(|parent| &*parent.run_id);
        plan.spec = &spec;
        plan.datasets = vec![("train", train)];
        self.record(&plan, |steps| steps.fit(&spec, train).map(drop))
    }

    fn evaluate_below(
        &self,
        parent: Option<&Parent>,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut plan = Plan::new("evaluation", self.name(parent, "evaluate"));
        plan.parent = parent.map(|parent| &*parent.run_id);
        let shown = store::without_secrets(model_uri);
        plan.model_uri = Some(&shown);
        plan.datasets = vec![("eval", eval)];
        self.record(&plan, |steps| steps.evaluate(model_uri, eval))
    }

    fn export_below(
        &self,
        parent: Option<&Parent>,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut plan = Plan::new("export", self.name(parent, "export"));
        plan.parent = parent.map(|parent| &*parent.run_id);
        let shown = store::without_secrets(model_uri);
        plan.model_uri = Some(&shown);
        self.record(&plan, |steps| steps.export(model_uri, destination))
    }

    /// `<parent>/<method>`; a run by itself is named after its runner.
    fn name(&self, parent: Option<&Parent>, method: &str) -> String {
        let above = parent.map_or(self.runner.name(), |parent| &parent.name);
        format!("{above}/{method}")
    }

    fn resolve(&self, spec: &Value) -> Result<Value, ExperimentError> {
        self.runner.resolve_spec(spec).map_err(Self::before_run)
    }

    fn before_run(source: DispatchError) -> ExperimentError {
        ExperimentError::Spec {
            source: Box::new(source),
        }
    }

    fn begin(&self, plan: &Plan<'_>) -> Result<Recorder, ExperimentError> {
        Recorder::begin(&self.job_of(plan)?, self, plan)
    }

    fn job_of(&self, plan: &Plan<'_>) -> Result<Job, ExperimentError> {
        Ok(match &self.job {
            Some(job) => job.clone(),
            None => self.workspace.job(&plan.state_point(self))?,
        })
    }

    fn record(
        &self,
        plan: &Plan<'_>,
        work: impl FnOnce(&mut Steps<'_>) -> Result<(), ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let recorder = self.begin(plan)?;
        let mut steps = Steps {
            experiment: self,
            recorder,
        };
        let result = work(&mut steps);
        steps.recorder.end(result)
    }
}

/// The run that others are nested below.
#[derive(Debug, Clone)]
struct Parent {
    run_id: String,
    name: String,
}

/// Held while a body of [`Experiment::run`] goes on.
struct Inside<'e>(&'e Mutex<Option<String>>);

impl<'e> Inside<'e> {
    fn enter(inside: &'e Mutex<Option<String>>, name: &str) -> Result<Self, ExperimentError> {
        let mut outer = inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outer) = &*outer {
            return Err(ExperimentError::RunInsideRun {
                outer: outer.clone(),
                inner: name.to_owned(),
            });
        }
        *outer = Some(name.to_owned());
        drop(outer);
        Ok(Self(inside))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl FinishedRun {
    /// Whether the run came to a good end.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.manifest.status == Status::Finished
    }

    /// The model that the run made or used.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::NoModel`] for a run without one.
    pub fn model_uri(&self) -> Result<Url, ExperimentError> {
        let missing = || ExperimentError::NoModel {
            run_id: self.manifest.run_id.clone(),
        };
        self.manifest.model_uri.clone().ok_or_else(missing)
    }
}
