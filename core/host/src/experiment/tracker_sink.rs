//! A run in its trackers.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use protea_tracking::{
    DatasetInput, Run, RunStart, STEP_METRICS, SYSTEM_METRICS, Tracker, TrackerError,
    log::clear_open_marker,
};
use serde_json::{Map, json};

use super::{error::ExperimentError, model_record::MODEL, setup::Experiment};
use crate::{
    Dataset,
    backends::Connection,
    dataset,
    dispatch::ResourceUsage,
    store,
    workspace::{Job, RUN_LOG, RUN_MANIFEST, RunManifest, Status, StepRecord},
};

/// The run in the trackers. An error while logging a
/// runner's event is reported at the end of the step.
pub(super) struct TrackerSink {
    pub(super) run: Run,
    open_runs: PathBuf,
    failure: Mutex<Option<TrackerError>>,
    /// What was logged of [`OUTPUTS`] before the end of the run.
    logged: Mutex<Vec<&'static str>>,
}

/// What a run wrote, by its name in the run's directory.
const OUTPUTS: [&str; 5] = [MODEL, PREDICTIONS, "export", RUN_LOG, RUN_MANIFEST];
/// The predictions of `evaluate` in the run's directory.
pub(super) const PREDICTIONS: &str = "predictions";

impl TrackerSink {
    /// Starts the run in the trackers of the experiment.
    pub(super) fn start(
        experiment: &Experiment,
        job: &Job,
        manifest: &RunManifest,
    ) -> Result<Self, ExperimentError> {
        let tracker = experiment.tracking.tracker(&experiment.workspace, job)?;
        let offline = experiment.tracking.connection == Connection::Offline;
        let start = run_start(job, manifest, offline)?;
        Ok(Self {
            run: tracker.start_run(start)?,
            open_runs: experiment.workspace.open_runs(),
            failure: Mutex::default(),
            logged: Mutex::default(),
        })
    }

    /// Logs the value of a metric that a runner sent.
    pub(super) fn metric(&self, step: u64, name: &str, value: f64) {
        self.keep(self.run.log_metrics(step, [(name, value)]));
    }

    /// Logs a sample of the machine.
    pub(super) fn system_metrics(&self, number: u64, sample: &[(String, f64)]) {
        let named = sample
            .iter()
            .map(|(name, value)| (format!("{SYSTEM_METRICS}{name}"), *value));
        self.keep(self.run.log_metrics(number, named));
    }

    /// Logs what a step used. `place` is its place in the run.
    pub(super) fn step_usage(&self, place: u64, record: &StepRecord) {
        let seconds = ("seconds", record.seconds);
        let used = record.resources.iter().flat_map(ResourceUsage::values);
        let named = std::iter::once(seconds)
            .chain(used)
            .map(|(name, value)| (format!("{STEP_METRICS}{}/{name}", record.name), value));
        self.keep(self.run.log_metrics(place, named));
    }

    fn keep(&self, result: Result<(), TrackerError>) {
        if let Err(error) = result {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
        }
    }

    /// What could not be logged since this was asked last.
    pub(super) fn check(&self) -> Result<(), TrackerError> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }

    /// Logs what a step wrote, if it exists and is not logged yet. The backends receive it while
    /// the run goes on, so it must not change any more.
    pub(super) fn output(&self, directory: &Path, name: &'static str) -> Result<(), TrackerError> {
        let path = directory.join(name);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.contains(&name) || path.symlink_metadata().is_err() {
            return Ok(());
        }
        logged.push(name);
        match name {
            MODEL => self.run.log_model(&path, name),
            name => self.run.log_artifact(&path, file_name(name)),
        }
    }

    /// What the run wrote and is not logged yet goes to the backends, then its end.
    pub(super) fn end(&self, manifest: &RunManifest) -> Result<(), TrackerError> {
        let run = &self.run;
        let directory = &manifest.artifacts.directory;
        let sent = OUTPUTS
            .into_iter()
            .try_for_each(|name| self.output(directory, name));
        let ended = match (manifest.status, &manifest.error) {
            (Status::Killed, Some(reason)) => run.kill(reason),
            (Status::Failed, Some(error)) => run.fail(error),
            (status, _) => run.finish(status),
        };
        sent.and(ended).and(self.check())
    }

    /// All that is known of the run says how it ended. Until then the next command sees to it.
    pub(super) fn settle(&self) -> Result<(), TrackerError> {
        clear_open_marker(&self.open_runs, self.run.id())
    }
}

fn file_name(name: &str) -> &str {
    Path::new(name)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(name)
}

/// The start of a run, as trackers receive it.
fn run_start(
    job: &Job,
    manifest: &RunManifest,
    offline: bool,
) -> Result<RunStart, ExperimentError> {
    let mut start = RunStart::new(manifest.name.clone().unwrap_or_default())
        .with_id(&manifest.run_id)
        .with_kind(&manifest.pipeline);
    start.started = manifest.started;
    start.offline = offline;
    start.project.clone_from(&manifest.project);
    start.group.clone_from(&manifest.group);
    start.parent.clone_from(&manifest.parent);
    start.notes.clone_from(&manifest.notes);
    start.tags.clone_from(&manifest.tags);
    let mut config = Map::from_iter([("job".to_owned(), json!(manifest.job_id))]);
    if let Some(runner) = &manifest.runner {
        config.insert("runner".to_owned(), runner.identity());
    }
    config.insert("seed".to_owned(), json!(manifest.seed));
    if !manifest.spec.is_null() {
        config.insert("spec".to_owned(), manifest.spec.clone());
    }
    for (role, dataset) in &manifest.datasets {
        let identity = json!({ "name": dataset["name"], "sha256": dataset["sha256"] });
        config.insert(format!("{role}_dataset"), identity);
    }
    start.inputs = inputs(manifest);
    for key in ["experiment", "hypothesis"] {
        if let Some(value) = job.state_point()?.get(key) {
            config.insert(key.to_owned(), value.clone());
        }
    }
    start.config = config;
    Ok(start)
}

/// The datasets of a run, as trackers receive them.
fn inputs(manifest: &RunManifest) -> Vec<DatasetInput> {
    let known = manifest.datasets.iter().filter_map(|(role, value)| {
        let dataset: Dataset = serde_json::from_value(value.clone()).ok()?;
        let context = match role.as_str() {
            "train" => "training",
            "eval" => "evaluation",
            role => role,
        };
        // Where it came from; a remote dataset is in a cache of this machine.
        let source = dataset.origin.as_ref().unwrap_or(&dataset.uri);
        let source = store::without_secrets(source).to_string();
        let mut input = DatasetInput::new(&dataset.name, dataset.sha256.to_string(), source)
            .with_context(context);
        if let Some(proteins) = dataset::proteins(&dataset) {
            input = input.with_profile("proteins", proteins);
        }
        Some(input)
    });
    known.collect()
}
