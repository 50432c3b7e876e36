//! The steps of one run: fit, evaluate, export.

use protea_contracts::{
    Evaluate, EvaluateRequest, Export, ExportRequest, Fit, FitRequest, ReferenceModel, RunnerError,
    model::FILE_NAME as MODEL_FILE,
};
use protea_files::FilesError;
use serde_json::{Value, json};
use tracing::debug;
use url::Url;

use super::{
    artifacts::LocalModel,
    checkpoints::FitCheckpoint,
    compressed_files,
    error::ExperimentError,
    events::ExperimentEvent,
    finished_run::FinishedRun,
    known_datasets::DATASET_ORIGIN,
    model_record::{self, MODEL},
    model_reuse::ReusableModels,
    observer::{Progress, Step},
    recorder::Recorder,
    setup::Experiment,
    shared_exports,
    tracker_sink::PREDICTIONS,
};
use crate::{
    Dataset, DispatchError, ResolvedSpec,
    dispatch::StepClock,
    store::{self, Staging, StoreError, write_atomic},
};

/// The steps of a run, each on record.
pub(super) struct Steps<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) recorder: Recorder,
    /// The datasets of the `fit` steps.
    pub(super) fitted_on: Vec<Dataset>,
    /// The checkpoints of the `fit` steps.
    pub(super) checkpoints: Vec<FitCheckpoint>,
    pub(super) repeats: Repeats,
}

/// Whether an operation can be done twice in a run, which replaces what the first one wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Never,
    Possible,
}

impl Steps<'_> {
    /// Fails before a step if the user has cancelled, also when the runner ignored it.
    fn go_on(&self, step: Step) -> Result<(), ExperimentError> {
        if self.experiment.observer.is_cancelled() {
            Err(self.recorder.failed(step, RunnerError::Cancelled.into()))
        } else {
            Ok(())
        }
    }

    /// Tells the observer how far a search or a cross-validation in this run has come.
    pub(super) fn progress(&self, progress: &Progress<'_>) {
        self.recorder.progress(progress);
        self.experiment.observer.progress(progress);
        self.recorder.report(&ExperimentEvent::Progress {
            what: progress.unit.to_owned(),
            done: progress.done as u64,
            total: progress.total as u64,
        });
    }

    /// A model of this run may refer to what it was fitted on, which the manifest may not have yet.
    fn local_model(&self, model_uri: &Url) -> Result<LocalModel, ExperimentError> {
        let own = self.recorder.directory().path();
        let is_own = store::local_path(model_uri).is_ok_and(|path| path.starts_with(own));
        let fitted_on: &[Dataset] = if is_own { &self.fitted_on } else { &[] };
        self.experiment.local_model(model_uri, fitted_on)
    }

    pub(super) fn fit(
        &mut self,
        spec: &ResolvedSpec,
        train: &Dataset,
    ) -> Result<Url, ExperimentError> {
        self.go_on(Step::Fit)?;
        let directory = self.recorder.directory().path().join(MODEL);
        let mut request =
            FitRequest::new(spec.clone(), train.uri.clone(), store::uri_of(&directory)?);
        request.seed = self.experiment.seed;
        request.threads = self.experiment.threads;
        request.run_id = self.recorder.directory().id().to_string();
        let earlier = ReusableModels::new(self.experiment, train);
        request.earlier_models = earlier.newest();
        if !request.earlier_models.is_empty() {
            let count = request.earlier_models.len();
            debug!(count, "offering earlier models of this dataset for reuse");
        }
        if let Some(checkpoint) = FitCheckpoint::claim(self.experiment, spec, train) {
            request.checkpoint_uri = Some(store::uri_of(checkpoint.directory())?);
            self.checkpoints.push(checkpoint);
        }

        let sink = self.recorder.start(Step::Fit)?;
        let runner = &self.experiment.runner;
        let clock = StepClock::start(&runner.isolation(), &sink);
        let span = self.recorder.step_span();
        let call = span.in_scope(|| runner.call_measured::<Fit>(&request, sink));
        self.recorder.computed(call.usage);
        let model_uri = match call.result {
            Ok(fitted) => {
                self.recorder.manifest.model_uri = Some(fitted.model_uri.clone());
                self.recorder.step().metrics = fitted.metrics;
                self.recorder.step().extras = fitted.extras;
                earlier.add(self.recorder.directory().id(), &fitted.model_uri);
                fitted.model_uri
            }
            Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
                let uri = write_reference_model(&directory, spec.as_value(), train)?;
                self.recorder.manifest.model_uri = Some(uri.clone());
                self.recorder.step().note =
                    Some("no training step: a reference model was written".to_owned());
                uri
            }
            Err(error) => return Err(self.recorder.failed(Step::Fit, error)),
        };
        let recorded = model_record::record(self.recorder.directory().path(), &clock);
        self.recorder.manifest.artifacts.model = match recorded {
            Ok(files) => files,
            Err(FilesError::Stopped { .. }) => {
                let error = clock.overrun();
                let error = error.unwrap_or_else(|| RunnerError::Cancelled.into());
                return Err(self.recorder.failed(Step::Fit, error));
            }
            Err(error) => return Err(StoreError::from(error).into()),
        };
        self.fitted_on.push(train.clone());
        self.recorder.finish_step()?;
        self.send_early(MODEL)?;
        Ok(model_uri)
    }

    pub(super) fn evaluate(
        &mut self,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<(), ExperimentError> {
        self.go_on(Step::Evaluate)?;
        let model = self.local_model(model_uri)?;
        let directory = self.recorder.directory().path().join(PREDICTIONS);
        let mut request = EvaluateRequest::new(
            model.uri.clone(),
            eval.uri.clone(),
            store::uri_of(&directory)?,
        );
        request.seed = self.experiment.seed;
        request.threads = self.experiment.threads;
        request.run_id = self.recorder.directory().id().to_string();

        let sink = self.recorder.start(Step::Evaluate)?;
        let runner = &self.experiment.runner;
        let span = self.recorder.step_span();
        let call = span.in_scope(|| runner.call_measured::<Evaluate>(&request, sink));
        self.recorder.computed(call.usage);
        match call.result {
            Ok(evaluated) => {
                self.recorder.manifest.metrics = evaluated.metrics.clone();
                self.recorder.step().metrics = evaluated.metrics;
                self.recorder.step().extras = evaluated.extras;
            }
            Err(error) => return Err(self.recorder.failed(Step::Evaluate, error)),
        }
        if protea_files::is_directory(&directory) {
            let names = self.experiment.recording.compressed_files;
            let is_cancelled = || self.experiment.observer.is_cancelled();
            self.recorder.step().note =
                compressed_files::compress(&directory, names, &is_cancelled);
            self.recorder.manifest.artifacts.predictions = Some(directory);
        }
        self.recorder.finish_step()?;
        self.send_early(PREDICTIONS)
    }

    /// Lets the trackers have what a step wrote while the run goes on, unless it may be replaced.
    fn send_early(&self, name: &'static str) -> Result<(), ExperimentError> {
        match self.repeats {
            Repeats::Never => self.recorder.log_output(name),
            Repeats::Possible => Ok(()),
        }
    }

    /// Lets the runner write to a temporary directory, checks the files, and publishes them. A
    /// remote export is published in the run's directory first.
    pub(super) fn export(
        &mut self,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<(), ExperimentError> {
        self.go_on(Step::Export)?;
        let destination = destination.or(self.experiment.export_to.as_ref());
        let elsewhere = destination.filter(|destination| !store::is_local(destination));
        let place = match (destination, elsewhere) {
            (Some(destination), None) => store::local_path(destination)?,
            _ => self.recorder.directory().path().join("export"),
        };
        if let Some(elsewhere) = elsewhere {
            self.experiment.store()?.check_vacant(elsewhere)?;
        }
        let model = self.local_model(model_uri)?;
        let staging = Staging::begin(&place).map_err(StoreError::from)?;
        let staging_uri = directory_uri(staging.path())?;
        let mut request = ExportRequest::new(
            self.recorder.directory().id().as_str(),
            model.uri.clone(),
            staging_uri.clone(),
        );
        request.provenance = self.recorder.provenance();

        let sink = self.recorder.start(Step::Export)?;
        let runner = &self.experiment.runner;
        let clock = StepClock::start(&runner.isolation(), &sink);
        let span = self.recorder.step_span();
        let call = span.in_scope(|| runner.call_measured::<Export>(&request, sink));
        self.recorder.computed(call.usage);
        let exported = match call.result {
            Ok(exported) => exported,
            Err(error) => return Err(self.recorder.failed(Step::Export, error)),
        };
        // The names are found before the staging directory moves.
        let names: Vec<Option<String>> = exported
            .files
            .iter()
            .map(|file| store::relative_name(staging.path(), &file.uri))
            .collect();
        let published = match staging.publish_unless(&clock).map_err(StoreError::from) {
            Err(StoreError::Cancelled) => {
                let error = clock.overrun();
                let error = error.unwrap_or_else(|| RunnerError::Cancelled.into());
                return Err(self.recorder.failed(Step::Export, error));
            }
            published => published?,
        };
        let mut published_uri = directory_uri(&published)?;
        if let Some(elsewhere) = elsewhere {
            self.send(&published, elsewhere)?;
            published_uri = store::without_secrets(elsewhere);
        }
        self.recorder.manifest.artifacts.export = exported
            .files
            .into_iter()
            .zip(names)
            .map(|(mut file, name)| {
                if let Some(name) = name {
                    file.uri = store::child_uri(&published_uri, &name);
                }
                file
            })
            .collect();
        if destination.is_none() {
            let exported = &self.recorder.manifest.artifacts.export;
            shared_exports::share(exported, &self.experiment.workspace);
        }
        self.recorder.step().extras = exported.extras;
        self.recorder.finish_step()
    }

    /// Ends the run with a result. A later attempt can continue its fits if it may succeed.
    pub(super) fn end(
        self,
        result: Result<(), ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let error = result.as_ref().err();
        for checkpoint in self.checkpoints {
            checkpoint.release(error);
        }
        self.recorder.end(result)
    }

    fn send(&self, export: &std::path::Path, destination: &Url) -> Result<(), ExperimentError> {
        let sent = self.experiment.store()?.publish(export, destination);
        sent.map(drop).map_err(|source| ExperimentError::Publish {
            directory: self.recorder.directory().path().to_owned(),
            export: export.to_owned(),
            source: Box::new(source),
        })
    }
}

fn directory_uri(path: &std::path::Path) -> Result<Url, StoreError> {
    Url::from_directory_path(path).map_err(|()| StoreError::Location {
        location: path.display().to_string(),
        reason: "it is not absolute".to_owned(),
    })
}

fn write_reference_model(
    directory: &std::path::Path,
    spec: &Value,
    train: &Dataset,
) -> Result<Url, ExperimentError> {
    std::fs::create_dir_all(directory).map_err(StoreError::write(directory))?;
    let path = directory.join(MODEL_FILE);
    let model = ReferenceModel {
        kind: protea_contracts::model::ReferenceKind::Reference,
        spec: spec.clone(),
        dataset_uri: train.uri.to_string(),
        dataset_sha256: train.sha256.to_string(),
    };
    let mut document = json!(model);
    if let Some(origin) = &train.origin {
        document[DATASET_ORIGIN] = json!(origin);
    }
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| StoreError::write(&path)(error.into()))?;
    text.push(b'\n');
    write_atomic(&path, &text)?;
    Ok(store::uri_of(&path)?)
}
