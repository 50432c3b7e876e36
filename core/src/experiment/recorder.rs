//! Keeps a run's manifest up to date, step by step.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Instant};

use jiff::Timestamp;
use protea_contracts::{Metrics, emit::EventSink};
use serde_json::{Map, Value, json};

use super::{
    Experiment, ExperimentError, FinishedRun, Observer, Step, journal::Journal, observer::StepSink,
};
use crate::{
    Dataset, DispatchError, WorkspaceError,
    workspace::{
        Artifacts, CodeRecord, HostRecord, Job, RunDirectory, RunManifest, RunnerRecord, Status,
        StepRecord,
    },
};

pub(super) struct Recorder {
    directory: RunDirectory,
    pub(super) manifest: RunManifest,
    observer: Arc<dyn Observer>,
    journal: Journal,
    current: Option<(Step, Instant)>,
}

impl Recorder {
    pub(super) fn begin(
        job: &Job,
        pipeline: &str,
        experiment: &Experiment<'_>,
        spec: &Value,
        datasets: &[(&str, &Dataset)],
    ) -> Result<Self, WorkspaceError> {
        let entry = experiment.runner.entry();
        let directory = job.begin_run(pipeline, experiment.runner.name())?;
        let manifest = RunManifest {
            run_id: directory.id().to_owned(),
            job_id: job.id().to_owned(),
            pipeline: pipeline.to_owned(),
            name: None,
            parent: None,
            project: None,
            group: None,
            tags: BTreeMap::new(),
            notes: None,
            status: Status::Running,
            runner: RunnerRecord {
                name: entry.descriptor.name.clone(),
                version: entry.descriptor.version.clone(),
                contract_version: entry.descriptor.contract_version.clone(),
                path: entry.path.clone(),
                sha256: entry.sha256.clone(),
            },
            isolation: experiment.runner.isolation().name().to_owned(),
            spec: spec.clone(),
            seed: experiment.seed,
            threads: experiment.threads,
            datasets: datasets
                .iter()
                .map(|(role, dataset)| ((*role).to_owned(), json!(dataset)))
                .collect(),
            host: HostRecord::here(),
            code: CodeRecord::here(),
            started: Timestamp::now(),
            finished: None,
            steps: Vec::new(),
            model_uri: None,
            metrics: Metrics::new(),
            artifacts: Artifacts {
                directory: directory.path().to_owned(),
                ..Artifacts::default()
            },
            error: None,
        };
        directory.write_manifest(&manifest)?;
        let journal = Journal::begin(&directory, &manifest, &experiment.observer)?;
        Ok(Self {
            directory,
            manifest,
            observer: Arc::clone(&experiment.observer),
            journal,
            current: None,
        })
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
            note: None,
        });
        self.directory.write_manifest(&self.manifest)?;
        self.current = Some((step, Instant::now()));
        let log = self.journal.step_started(step, &self.manifest);
        self.observer.step_started(step);
        Ok(Arc::new(StepSink {
            step,
            observer: Arc::clone(&self.observer),
            log,
        }))
    }

    /// The runner has returned; what the step still does is writing.
    pub(super) fn computed(&mut self) {
        self.journal.computed();
    }

    /// The record of the step that goes on.
    pub(super) fn step(&mut self) -> &mut StepRecord {
        self.manifest
            .steps
            .last_mut()
            .expect("a step was started before it is written to")
    }

    pub(super) fn finish_step(&mut self) -> Result<(), ExperimentError> {
        self.close_step(Status::Finished, None)?;
        self.directory.write_manifest(&self.manifest)?;
        Ok(())
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
        let written = self.journal.step_ended(&self.manifest, error);
        self.observer.step_ended(step, &record, time);
        written
    }

    /// The error of a step.
    pub(super) fn failed(&self, step: Step, source: DispatchError) -> ExperimentError {
        ExperimentError::Step {
            step,
            directory: self.directory.path().to_owned(),
            source: Box::new(source),
        }
    }

    /// What an export records of the run. Nothing in it changes when the same run is done again.
    pub(super) fn provenance(&self) -> Map<String, Value> {
        let manifest = &self.manifest;
        let mut provenance = Map::from_iter([
            (
                "runner".to_owned(),
                json!({
                    "name": manifest.runner.name,
                    "version": manifest.runner.version,
                    "sha256": manifest.runner.sha256,
                }),
            ),
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
        let step_written = self.close_step(status, error);
        self.manifest.status = status;
        self.manifest.finished = Some(Timestamp::now());
        self.manifest.error = error.map(ToString::to_string);
        self.journal.ended(&self.manifest, error);
        let written = self.directory.write_manifest(&self.manifest);
        // What went wrong first is what the caller needs to know.
        result?;
        step_written?;
        written?;
        Ok(FinishedRun {
            directory: self.directory.path().to_owned(),
            manifest: self.manifest,
        })
    }
}
