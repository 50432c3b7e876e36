//! Experiments: fit, evaluate and export, one after the other, in a run that is on record.

mod error;
mod journal;
mod observer;
mod recorder;

use std::{path::PathBuf, sync::Arc};

use protea_contracts::{
    EvaluateRequest, ExportRequest, FitRequest, ReferenceModel, RunnerError,
    model::FILE_NAME as MODEL_FILE,
};
use serde_json::{Map, Value, json};
use url::Url;

pub use error::ExperimentError;
pub use observer::{Observer, Silent, Step};

use crate::{
    Dataset, DispatchError, Runner, Workspace,
    store::{self, Staging, StoreError, write_atomic},
    workspace::{RunManifest, Status},
};
use recorder::Recorder;

/// A runner and a workspace, tied together.
#[derive(Clone)]
pub struct Experiment<'a> {
    runner: &'a Runner,
    workspace: &'a Workspace,
    seed: u64,
    threads: usize,
    observer: Arc<dyn Observer>,
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
    /// An experiment with seed 0, all cores, and nobody watching.
    #[must_use]
    pub fn new(runner: &'a Runner, workspace: &'a Workspace) -> Self {
        Self {
            runner,
            workspace,
            seed: 0,
            threads: 0,
            observer: Arc::new(Silent),
        }
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

    /// Who is told of steps and events, and may cancel.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Fits on `train`, evaluates on `eval`, exports.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]. A spec that the runner's schema refuses writes nothing; what fails
    /// later is on record in the run's manifest.
    pub fn run(
        &self,
        spec: &Value,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.runner.resolve_spec(spec).map_err(Self::before_run)?;
        let datasets = [("train", train), ("eval", eval)];
        self.record("experiment", &spec, None, &datasets, |steps| {
            let model = steps.fit(&spec, train)?;
            steps.evaluate(&model, eval)?;
            let export = steps.recorder.directory().path().join("export");
            steps.export(&model, &store::uri_of(&export)?)
        })
    }

    /// Fits on `train`. A runner without a training step gets a reference model.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn fit(&self, spec: &Value, train: &Dataset) -> Result<FinishedRun, ExperimentError> {
        let spec = self.runner.resolve_spec(spec).map_err(Self::before_run)?;
        self.record("training", &spec, None, &[("train", train)], |steps| {
            steps.fit(&spec, train).map(drop)
        })
    }

    /// Evaluates the model at `model_uri` on `eval`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn evaluate(
        &self,
        model_uri: &Url,
        eval: &Dataset,
    ) -> Result<FinishedRun, ExperimentError> {
        let datasets = [("eval", eval)];
        self.record(
            "evaluation",
            &Value::Null,
            Some(model_uri),
            &datasets,
            |steps| steps.evaluate(model_uri, eval),
        )
    }

    /// Exports the model at `model_uri` to the directory `destination`, which must not be there
    /// yet; by default to the run's own directory.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); [`StoreError::Exists`] when `destination` is there.
    pub fn export(
        &self,
        model_uri: &Url,
        destination: Option<&Url>,
    ) -> Result<FinishedRun, ExperimentError> {
        self.record("export", &Value::Null, Some(model_uri), &[], |steps| {
            let own = steps.recorder.directory().path().join("export");
            let own = store::uri_of(&own)?;
            steps.export(model_uri, destination.unwrap_or(&own))
        })
    }

    fn before_run(source: DispatchError) -> ExperimentError {
        ExperimentError::Spec {
            source: Box::new(source),
        }
    }

    fn record(
        &self,
        pipeline: &str,
        spec: &Value,
        model_uri: Option<&Url>,
        datasets: &[(&str, &Dataset)],
        work: impl FnOnce(&mut Steps<'_>) -> Result<(), ExperimentError>,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut state_point = Map::from_iter([
            ("runner".to_owned(), json!(self.runner.name())),
            ("seed".to_owned(), json!(self.seed)),
        ]);
        match model_uri {
            Some(uri) => state_point.insert("model_uri".to_owned(), json!(uri)),
            None => state_point.insert("spec".to_owned(), spec.clone()),
        };
        for (role, dataset) in datasets {
            state_point.insert((*role).to_owned(), json!(dataset.sha256));
        }
        let job = self.workspace.job(&state_point)?;
        let recorder = Recorder::begin(&job, pipeline, self, spec, datasets)?;
        let mut steps = Steps {
            experiment: self,
            recorder,
        };
        if let Some(uri) = model_uri {
            steps.recorder.manifest.model_uri = Some(uri.clone());
        }
        let result = work(&mut steps);
        steps.recorder.end(result)
    }
}

/// The steps of a run, each on record.
struct Steps<'a> {
    experiment: &'a Experiment<'a>,
    recorder: Recorder,
}

impl Steps<'_> {
    /// Ends the run before a step that the user no longer wants; a runner may not have listened.
    fn go_on(&self, step: Step) -> Result<(), ExperimentError> {
        if self.experiment.observer.is_cancelled() {
            Err(self.recorder.failed(step, RunnerError::Cancelled.into()))
        } else {
            Ok(())
        }
    }

    fn fit(&mut self, spec: &Value, train: &Dataset) -> Result<Url, ExperimentError> {
        self.go_on(Step::Fit)?;
        let directory = self.recorder.directory().path().join("model");
        let mut request =
            FitRequest::new(spec.clone(), train.uri.clone(), store::uri_of(&directory)?);
        request.seed = self.experiment.seed;
        request.threads = self.experiment.threads;
        request.run_id = self.recorder.directory().id().to_owned();

        let sink = self.recorder.start(Step::Fit)?;
        let runner = self.experiment.runner;
        let fitted = runner.fit(&request, sink);
        self.recorder.computed();
        let model_uri = match fitted {
            Ok(fitted) => {
                self.recorder.manifest.model_uri = Some(fitted.model_uri.clone());
                self.recorder.step().metrics = fitted.metrics;
                self.recorder.step().extras = fitted.extras;
                fitted.model_uri
            }
            Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
                let uri = write_reference_model(&directory, spec, train)?;
                self.recorder.manifest.model_uri = Some(uri.clone());
                self.recorder.step().note =
                    Some("no training step: a reference model was written".to_owned());
                uri
            }
            Err(error) => return Err(self.recorder.failed(Step::Fit, error)),
        };
        self.recorder.finish_step()?;
        Ok(model_uri)
    }

    fn evaluate(&mut self, model_uri: &Url, eval: &Dataset) -> Result<(), ExperimentError> {
        self.go_on(Step::Evaluate)?;
        let directory = self.recorder.directory().path().join("predictions");
        let mut request = EvaluateRequest::new(
            model_uri.clone(),
            eval.uri.clone(),
            store::uri_of(&directory)?,
        );
        request.seed = self.experiment.seed;
        request.threads = self.experiment.threads;
        request.run_id = self.recorder.directory().id().to_owned();

        let sink = self.recorder.start(Step::Evaluate)?;
        let evaluated = self.experiment.runner.evaluate(&request, sink);
        self.recorder.computed();
        match evaluated {
            Ok(evaluated) => {
                self.recorder.manifest.metrics = evaluated.metrics.clone();
                self.recorder.step().metrics = evaluated.metrics;
                self.recorder.step().extras = evaluated.extras;
            }
            Err(error) => return Err(self.recorder.failed(Step::Evaluate, error)),
        }
        if directory.is_dir() {
            self.recorder.manifest.artifacts.predictions = Some(directory);
        }
        self.recorder.finish_step()
    }

    /// Lets the runner write beside the destination, checks what it wrote, and publishes it whole.
    fn export(&mut self, model_uri: &Url, destination: &Url) -> Result<(), ExperimentError> {
        self.go_on(Step::Export)?;
        let staging = Staging::begin(&store::stage(destination)?)?;
        let staging_uri = directory_uri(staging.path())?;
        let mut request = ExportRequest::new(
            self.recorder.directory().id(),
            model_uri.clone(),
            staging_uri.clone(),
        );
        request.provenance = self.recorder.provenance();

        let sink = self.recorder.start(Step::Export)?;
        let exported = self.experiment.runner.export(&request, sink);
        self.recorder.computed();
        let exported = match exported {
            Ok(exported) => exported,
            Err(error) => return Err(self.recorder.failed(Step::Export, error)),
        };
        let published = directory_uri(&staging.publish()?)?;
        self.recorder.manifest.artifacts.export = exported
            .files
            .into_iter()
            .map(|mut file| {
                if let Some(name) = file.uri.as_str().strip_prefix(staging_uri.as_str())
                    && let Ok(uri) = published.join(name)
                {
                    file.uri = uri;
                }
                file
            })
            .collect();
        self.recorder.step().extras = exported.extras;
        self.recorder.finish_step()
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
        dataset_sha256: train.sha256.clone(),
    };
    let mut text = serde_json::to_vec_pretty(&model)
        .map_err(|error| StoreError::write(&path)(error.into()))?;
    text.push(b'\n');
    write_atomic(&path, &text)?;
    Ok(store::uri_of(&path)?)
}

impl FinishedRun {
    /// Whether the run came to a good end.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.manifest.status == Status::Finished
    }
}
