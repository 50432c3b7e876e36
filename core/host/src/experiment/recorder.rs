//! Records a run, step by step: its manifest, log, trackers and spans.

use std::{borrow::Cow, error::Error, path::Path, sync::Arc, thread, time::Instant};

use protea_contracts::{Metrics, emit::EventSink, metrics::flatten};
use protea_tracking::Tags;
use serde_json::{Map, Value, json};
use tracing::{Span, info, info_span};

use super::{
    error::ExperimentError,
    events::{EventSource, ExperimentEvent},
    finished_run::FinishedRun,
    first_manifest::first_manifest,
    journal::Journal,
    monitor::Monitor,
    observer::{Observer, Progress, Step},
    run_spec::RunSpec,
    setup::Experiment,
    step_sink::StepSink,
    tracker_sink::TrackerSink,
};
use crate::{
    Dataset, DispatchError, WorkspaceError,
    dispatch::ResourceUsage,
    workspace::{Job, RunDirectory, RunManifest, RunnerRecord, Status, StepRecord},
};

/// Records a run. If it is dropped before its end, such as in a panic, the run ends as failed.
pub(super) struct Recorder {
    directory: RunDirectory,
    pub(super) manifest: RunManifest,
    observer: Arc<dyn Observer>,
    source: Arc<EventSource>,
    journal: Journal,
    tracked: Arc<TrackerSink>,
    /// Dropped before the run ends in the trackers.
    monitor: Option<Monitor>,
    current: Option<(Step, Instant)>,
    run_span: Span,
    step_span: Span,
    ended: bool,
}

impl Recorder {
    pub(super) fn begin(
        job: &Job,
        experiment: &Experiment,
        run_spec: &RunSpec<'_>,
    ) -> Result<Self, ExperimentError> {
        let runner = run_spec.of_runner.then(|| experiment.runner.entry());
        let known_by = runner.map_or(run_spec.pipeline, |entry| &entry.descriptor.name);
        let directory = match &run_spec.run_id {
            Some(id) => job.begin_run_as(run_spec.pipeline, id)?,
            None => job.begin_run(run_spec.pipeline, known_by)?,
        };
        let manifest = first_manifest(job, experiment, run_spec, &directory)?;
        let run_span = info_span!(
            "run",
            run_id = %manifest.run_id,
            pipeline = run_spec.pipeline,
            runner = runner.map(|entry| &*entry.descriptor.name),
        );
        let tracked =
            TrackerSink::start(experiment, job, &manifest).inspect_err(|_| directory.discard())?;
        // Written after the run is marked as open: otherwise, after a crash the manifest would say
        // `running` for ever.
        directory.write_manifest(&manifest)?;
        let source = Arc::new(EventSource {
            run_id: Some(manifest.run_id.clone()),
            parent: manifest.parent.clone(),
            name: run_spec.name.clone(),
        });
        let started = ExperimentEvent::RunStarted {
            directory: directory.path().to_owned(),
        };
        experiment.observer.experiment_event(&source, &started);
        let journal = Journal::begin(&directory, &manifest, &experiment.observer, &source)?;
        run_span.in_scope(|| info!(job_id = %job.id(), "run started"));
        let tracked = Arc::new(tracked);
        let interval = experiment.recording.system_metrics;
        let monitor =
            interval.and_then(|interval| Monitor::start(interval, directory.path(), &tracked));
        Ok(Self {
            directory,
            manifest,
            observer: Arc::clone(&experiment.observer),
            source,
            journal,
            tracked,
            monitor,
            current: None,
            run_span,
            step_span: Span::none(),
            ended: false,
        })
    }

    /// The span of the run. Enter it while the run's work is done.
    pub(super) fn run_span(&self) -> Span {
        self.run_span.clone()
    }

    /// The span of the current step. Enter it while the runner works.
    pub(super) fn step_span(&self) -> Span {
        self.step_span.clone()
    }

    pub(super) fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// Begins a step and gives the sink of its dispatch.
    pub(super) fn start(&mut self, step: Step) -> Result<Arc<dyn EventSink>, WorkspaceError> {
        self.manifest.steps.push(StepRecord {
            name: step.name().to_owned(),
            status: Status::Running,
            seconds: 0.0,
            metrics: Metrics::new(),
            extras: Map::new(),
            resources: None,
            note: None,
        });
        self.directory.write_manifest(&self.manifest)?;
        self.current = Some((step, Instant::now()));
        let log = self.journal.step_started(step, &self.manifest);
        self.observer.step_started(step);
        self.report(&ExperimentEvent::StepStarted { step });
        self.step_span = info_span!(
            parent: &self.run_span,
            "step",
            operation = step.name(),
            runner = self.manifest.runner.as_ref().map(|runner| &*runner.name),
            run_id = %self.manifest.run_id,
        );
        self.step_span.in_scope(|| info!("step started"));
        Ok(Arc::new(StepSink {
            step,
            observer: Arc::clone(&self.observer),
            log,
            tracked: Arc::clone(&self.tracked),
            source: Arc::clone(&self.source),
            span: self.step_span.clone(),
        }))
    }

    /// Marks the end of computing: the runner has returned after it used this, and the host writes
    /// the results.
    pub(super) fn computed(&mut self, usage: Option<ResourceUsage>) {
        self.journal.computed();
        self.step().resources = usage;
    }

    /// The record of the current step.
    pub(super) fn step(&mut self) -> &mut StepRecord {
        self.manifest
            .steps
            .last_mut()
            .expect("a step was started before it is written to")
    }

    pub(super) fn finish_step(&mut self) -> Result<(), ExperimentError> {
        self.close_step(Status::Finished, None)?;
        self.directory.write_manifest(&self.manifest)?;
        self.tracked.check()?;
        self.log_scores()
    }

    /// Logs what the step that ended returned; the step of a score is the step's place in the run.
    fn log_scores(&mut self) -> Result<(), ExperimentError> {
        let place = self.manifest.steps.len().saturating_sub(1) as u64;
        let scores = flatten(&self.step().metrics);
        if !scores.is_empty() {
            self.tracked.run.log_metrics(place, scores)?;
        }
        Ok(())
    }

    /// Adds settings of the run itself.
    pub(super) fn log_params(&mut self, params: Map<String, Value>) -> Result<(), ExperimentError> {
        self.tracked.run.log_params(params.clone())?;
        if self.manifest.spec.is_null() {
            self.manifest.spec = Value::Object(Map::new());
        }
        if let Some(spec) = self.manifest.spec.as_object_mut() {
            spec.extend(params);
        }
        Ok(self.directory.write_manifest(&self.manifest)?)
    }

    /// Adds a dataset of the run itself.
    pub(super) fn log_dataset(
        &mut self,
        role: String,
        dataset: &Dataset,
    ) -> Result<(), ExperimentError> {
        self.manifest.datasets.insert(role, json!(dataset));
        Ok(self.directory.write_manifest(&self.manifest)?)
    }

    /// Adds metrics of the run itself.
    pub(super) fn log_metrics(
        &mut self,
        step: u64,
        metrics: &[(&str, f64)],
    ) -> Result<(), ExperimentError> {
        let named_metrics = metrics
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), *value));
        self.tracked.run.log_metrics(step, named_metrics)?;
        for (name, value) in metrics {
            self.manifest
                .metrics
                .insert((*name).to_owned(), json!(value));
        }
        Ok(self.directory.write_manifest(&self.manifest)?)
    }

    /// Adds a file of the run's directory, under its own name.
    pub(super) fn log_artifact(&self, path: &Path) -> Result<(), ExperimentError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(self.tracked.run.log_artifact(path, &name)?)
    }

    /// Adds what a step wrote, by its name in the run's directory. It does not change any more.
    pub(super) fn log_output(&self, name: &'static str) -> Result<(), ExperimentError> {
        Ok(self.tracked.output(self.directory.path(), name)?)
    }

    /// Sets tags of the run itself.
    pub(super) fn set_tags(&mut self, tags: Tags) -> Result<(), ExperimentError> {
        self.tracked.run.set_tags(tags.clone())?;
        self.manifest.tags.extend(tags);
        Ok(self.directory.write_manifest(&self.manifest)?)
    }

    fn close_step(
        &mut self,
        status: Status,
        error: Option<&(dyn Error + 'static)>,
    ) -> Result<(), WorkspaceError> {
        let Some((step, began)) = self.current.take() else {
            return Ok(());
        };
        let time = began.elapsed();
        let record = self.step();
        record.status = status;
        record.seconds = time.as_secs_f64();
        let record = record.clone();
        let span = std::mem::replace(&mut self.step_span, Span::none());
        span.in_scope(|| info!(%status, seconds = record.seconds, "step ended"));
        let place = self.manifest.steps.len().saturating_sub(1) as u64;
        self.tracked.step_usage(place, &record);
        let written = self.journal.step_ended(&self.manifest, error);
        self.observer.step_ended(step, &record, time);
        self.report(&ExperimentEvent::StepEnded {
            step,
            status,
            seconds: record.seconds,
            note: record.note,
        });
        written
    }

    /// Logs how far a search or a cross-validation in this run has come.
    pub(super) fn progress(&self, progress: &Progress<'_>) {
        self.journal.progress(progress);
    }

    /// Tells the observer what happened in this run.
    pub(super) fn report(&self, event: &ExperimentEvent) {
        self.observer.experiment_event(&self.source, event);
    }

    /// The error of a step.
    pub(super) fn failed(&self, step: Step, source: DispatchError) -> ExperimentError {
        ExperimentError::Step {
            step,
            directory: self.directory.path().to_owned(),
            source: Box::new(source),
        }
    }

    /// The provenance in an export. It is the same when the same run is repeated.
    pub(super) fn provenance(&self) -> Map<String, Value> {
        let manifest = &self.manifest;
        let runner = manifest.runner.as_ref().map(RunnerRecord::identity);
        let mut provenance = Map::from_iter([
            ("runner".to_owned(), json!(runner)),
            ("seed".to_owned(), json!(manifest.seed)),
            ("spec".to_owned(), manifest.spec.clone()),
            ("metrics".to_owned(), json!(manifest.metrics)),
        ]);
        for (role, dataset) in &manifest.datasets {
            let identity = json!({ "name": dataset["name"], "sha256": dataset["sha256"] });
            provenance.insert(format!("{role}_dataset"), identity);
        }
        provenance
    }

    /// Closes the run with its result.
    pub(super) fn end(
        mut self,
        result: Result<(), ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let status = match &result {
            Ok(()) => Status::Finished,
            Err(error) if error.is_cancelled() => Status::Killed,
            Err(_) => Status::Failed,
        };
        let error = result.as_ref().err().map(|error| error as &dyn Error);
        let closed = self.close(status, error);
        // The first error is the cause, so it is returned.
        result?;
        closed?;
        Ok(FinishedRun {
            directory: self.directory.path().to_owned(),
            manifest: self.manifest.clone(),
        })
    }

    fn close(
        &mut self,
        status: Status,
        error: Option<&(dyn Error + 'static)>,
    ) -> Result<(), ExperimentError> {
        self.ended = true;
        self.monitor = None;
        if status != Status::Finished {
            // A runner that was killed removed none of its temporary files.
            self.directory.remove_leftovers();
        }
        let step_written = self.close_step(status, error);
        self.manifest.status = status;
        self.manifest.finished = Some(protea_tracking::now());
        self.manifest.error = error.map(protea_contracts::error::with_causes);
        self.journal.ended(&self.manifest, error);
        let reason = self.manifest.error.as_deref();
        self.run_span
            .in_scope(|| info!(%status, error = reason, "run ended"));
        let written = self.directory.write_manifest(&self.manifest);
        let tracked = self.tracked.end(&self.manifest);
        self.report(&ExperimentEvent::RunEnded {
            status,
            error: self.manifest.error.clone(),
        });
        step_written?;
        written?;
        tracked?;
        Ok(self.tracked.settle()?)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let reason = if thread::panicking() {
            "the program panicked"
        } else {
            "the program dropped the run before it was finished"
        };
        // If this fails, the next command closes the run.
        let reason: Box<dyn Error> = reason.into();
        let _ = self.close(Status::Failed, Some(&*reason));
    }
}
