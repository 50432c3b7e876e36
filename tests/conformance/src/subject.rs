//! The runner under test: its file, and what the tests share of its life.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use protea_core::{
    CatalogError, DispatchError, Isolation, Runner,
    catalog::{self, Entry, Origin},
    contracts::{
        EvalResult, EvaluateRequest, ExportRequest, ExportResult, FitRequest, Level, RunResult,
        RunnerError,
        emit::EventSink,
        model::{self, ReferenceKind, ReferenceModel},
    },
    worker::{Sandbox, WorkerLimits, WorkerOptions},
};
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    Host, Verdict,
    fixture::{Fixtures, Place},
    recorder::{Recorded, Recorder},
    sandbox::{self, Answer, Call, Manner, Opening, Probed, Task},
    suite,
};

/// Seeds the calls of which nothing else is said.
pub const SEED: u64 = 7;
/// How long a call that is asked to end may take.
pub const GRACE: Duration = Duration::from_millis(900);

/// What holds for every call.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Starts the processes that run the runner's code.
    pub host: Host,
    /// How long a process that runs the runner's code may take.
    pub time_limit: Duration,
    /// How much memory it may use, in bytes.
    pub memory_limit: u64,
    /// The spec to fit with; `null` stands for all defaults.
    pub spec: Value,
}

/// A runner's file, with what is known of it. Its code never runs in this process.
#[derive(Debug)]
pub struct Subject {
    /// The file.
    pub path: PathBuf,
    /// The other files that are checked at the same time.
    pub others: Vec<PathBuf>,
    /// What holds for every call.
    pub settings: Arc<Settings>,
    /// The datasets.
    pub fixtures: Arc<Fixtures>,
    inspected: OnceLock<catalog::Verdict>,
    entry: OnceLock<Result<Entry, Verdict>>,
    runner: OnceLock<Result<Runner, Verdict>>,
    lies: AtomicBool,
    fitted: OnceLock<Result<Fitted, Verdict>>,
    evaluated: OnceLock<Result<Evaluated, Verdict>>,
    fifty: OnceLock<Result<Vec<Answer>, Verdict>>,
}

/// A model of the runner, and how it came about.
#[derive(Debug)]
pub struct Fitted {
    /// Where the runner wrote, and the datasets that it used.
    pub place: Place,
    /// The model: what `fit` wrote, or a reference model.
    pub model_uri: Url,
    /// What `fit` answered; `None` for a runner without a training step.
    pub result: Option<RunResult>,
    /// What it said meanwhile.
    pub recorded: Recorded,
}

/// An evaluation of that model.
#[derive(Debug)]
pub struct Evaluated {
    /// The answer; an error where the metrics do not fit what the runner declares.
    pub result: Result<EvalResult, DispatchError>,
    /// What it said meanwhile.
    pub recorded: Recorded,
}

impl Subject {
    /// A runner's file, of which nothing is known yet.
    #[must_use]
    pub fn new(
        path: PathBuf,
        others: Vec<PathBuf>,
        settings: Arc<Settings>,
        fixtures: Arc<Fixtures>,
    ) -> Self {
        Self {
            path,
            others,
            settings,
            fixtures,
            inspected: OnceLock::new(),
            entry: OnceLock::new(),
            runner: OnceLock::new(),
            lies: AtomicBool::new(false),
            fitted: OnceLock::new(),
            evaluated: OnceLock::new(),
            fifty: OnceLock::new(),
        }
    }

    /// What the file is, read without running its code.
    pub fn inspected(&self) -> &catalog::Verdict {
        self.inspected.get_or_init(|| catalog::inspect(&self.path))
    }

    /// The runner's name, or the file's where it has none.
    #[must_use]
    pub fn name(&self) -> String {
        match self.inspected() {
            catalog::Verdict::Runner(descriptor)
            | catalog::Verdict::Incompatible { descriptor, .. } => descriptor.name.clone(),
            _ => self.path.file_name().map_or_else(
                || self.path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }

    /// The file as a catalog has it.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn entry(&self) -> Result<Entry, Verdict> {
        match self.inspected() {
            catalog::Verdict::Runner(descriptor) => self
                .entry
                .get_or_init(|| {
                    Entry::read(&self.path, descriptor.clone(), Origin::Given)
                        .map_err(|error| Verdict::skipped(error.to_string()))
                })
                .clone(),
            _ => Err(prerequisite(suite::READABLE)),
        }
    }

    /// The runner, every call of which runs in a worker.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn runner(&self) -> Result<&Runner, Verdict> {
        self.load()
            .map_err(|verdict| match self.lies.load(Ordering::SeqCst) {
                true => prerequisite(suite::AGREES),
                false => blamed_on(suite::OPENS, verdict),
            })
    }

    /// Loads the runner; what that came to.
    pub(crate) fn load(&self) -> Result<&Runner, Verdict> {
        let entry = self.entry()?;
        self.runner
            .get_or_init(|| self.load_with(&entry, Duration::ZERO, Sandbox::Off))
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// The runner, whose workers stay a while after their answer and watch for late events.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn lingering(&self, linger: Duration) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(&self.entry()?, linger, Sandbox::Off)
            .map_err(|verdict| blamed_on(suite::OPENS, verdict))
    }

    /// Whether the runner does not load because its descriptor says something else.
    pub(crate) fn descriptor_lies(&self) -> bool {
        let _ = self.load();
        self.lies.load(Ordering::SeqCst)
    }

    /// The runner, kept to the files it needs and away from the network.
    ///
    /// # Errors
    ///
    /// The verdict on a runner that does not load so.
    pub fn enclosed(&self) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(&self.entry()?, Duration::ZERO, Sandbox::Strict)
    }

    fn load_with(
        &self,
        entry: &Entry,
        linger: Duration,
        sandbox: Sandbox,
    ) -> Result<Runner, Verdict> {
        let options = WorkerOptions {
            command: self.settings.host.worker.clone(),
            limits: self.limits(),
            sandbox,
            grace: GRACE,
            linger,
        };
        Runner::load(entry, &Isolation::Worker(Box::new(options))).map_err(|error| {
            if matches!(error, CatalogError::DescriptorLies { .. }) {
                self.lies.store(true, Ordering::SeqCst);
            }
            Verdict::of_load(&error)
        })
    }

    /// What a process that runs the runner's code may use.
    #[must_use]
    pub fn limits(&self) -> WorkerLimits {
        WorkerLimits {
            time: Some(self.settings.time_limit),
            memory: Some(self.settings.memory_limit),
            output: Some(256 << 20),
            ..WorkerLimits::default()
        }
    }

    /// The spec of the settings, completed and checked.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn spec(&self) -> Result<Value, Verdict> {
        self.runner()?
            .resolve_spec(&self.settings.spec)
            .map_err(|_| prerequisite(suite::DEFAULTS))
    }

    /// A spec, completed with the defaults and checked.
    ///
    /// # Errors
    ///
    /// Skipped, where it is not valid.
    pub(crate) fn completed(&self, spec: &Value) -> Result<Value, Verdict> {
        self.runner()?
            .resolve_spec(spec)
            .map_err(|error| Verdict::skipped(error.to_string()))
    }

    /// A model of the runner, made once with all that is usual.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn fitted(&self) -> Result<&Fitted, Verdict> {
        self.fit_once()
            .map_err(|verdict| blamed_on(suite::FIT, verdict))
    }

    /// Fits; what that came to.
    pub(crate) fn fit_once(&self) -> Result<&Fitted, Verdict> {
        self.spec()?;
        self.fitted
            .get_or_init(|| {
                let place = self.place()?;
                let recorder = Arc::new(Recorder::new(Level::Debug));
                let (model_uri, result) =
                    self.fit_in(&place, "model", Arc::clone(&recorder) as _)?;
                Ok(Fitted {
                    place,
                    model_uri,
                    result,
                    recorded: recorder.recorded(),
                })
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// The scores of that model.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn evaluated(&self) -> Result<&Evaluated, Verdict> {
        self.evaluate_once()
            .map_err(|verdict| blamed_on(suite::EVALUATE, verdict))
    }

    /// The scores of that model, which fit what the runner declares.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn metrics(&self) -> Result<&EvalResult, Verdict> {
        self.evaluated()?
            .result
            .as_ref()
            .map_err(|_| prerequisite(suite::METRICS))
    }

    /// Evaluates; what that came to.
    pub(crate) fn evaluate_once(&self) -> Result<&Evaluated, Verdict> {
        let fitted = self.fitted()?;
        self.evaluated
            .get_or_init(|| {
                let recorder = Arc::new(Recorder::new(Level::Debug));
                let request = self.evaluate_request(fitted, &fitted.place, "evaluation");
                let result = self
                    .runner()?
                    .evaluate(&request, Arc::clone(&recorder) as _);
                let result = match result {
                    Err(error) if !matches!(error, DispatchError::Metrics(_)) => {
                        return Err(Verdict::of_dispatch("evaluate", &error));
                    }
                    result => result,
                };
                Ok(Evaluated {
                    result,
                    recorded: recorder.recorded(),
                })
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// A place with datasets of its own.
    ///
    /// # Errors
    ///
    /// Skipped, where there is no room for it.
    pub fn place(&self) -> Result<Place, Verdict> {
        Place::new(&self.fixtures).map_err(cannot_write)
    }

    /// Fits in a place, or writes a reference model where the runner has no training step.
    ///
    /// # Errors
    ///
    /// The verdict on a call that had to give a result.
    pub fn fit_in(
        &self,
        place: &Place,
        output: &str,
        sink: Arc<dyn EventSink>,
    ) -> Result<(Url, Option<RunResult>), Verdict> {
        let request = self.fit_request(place, output, self.spec()?);
        match self.runner()?.fit(&request, sink) {
            Ok(result) => Ok((result.model_uri.clone(), Some(result))),
            Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
                let uri = reference_model(place, output, &request.spec)?;
                Ok((uri, None))
            }
            Err(error) => Err(Verdict::of_dispatch("fit", &error)),
        }
    }

    /// A request to fit on the place's own dataset.
    #[must_use]
    pub fn fit_request(&self, place: &Place, output: &str, spec: Value) -> FitRequest {
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
            .evaluate(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::of_dispatch("evaluate", &error))
    }

    /// Exports, without listening.
    ///
    /// # Errors
    ///
    /// The verdict on a call that had to give a result.
    pub fn export(&self, request: &ExportRequest) -> Result<ExportResult, Verdict> {
        self.runner()?
            .export(request, Arc::new(Recorder::new(Level::Error)))
            .map_err(|error| Verdict::of_dispatch("export", &error))
    }

    /// Fifty evaluations in one process, made by `make` where they were not yet.
    ///
    /// # Errors
    ///
    /// What `make` fails with.
    pub(crate) fn fifty_evaluations(
        &self,
        make: impl FnOnce() -> Result<Vec<Answer>, Verdict>,
    ) -> Result<&[Answer], Verdict> {
        let answers = self.fifty.get_or_init(make).as_ref();
        answers.map(Vec::as_slice).map_err(Verdict::clone)
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

/// Writes what a host writes for a runner without a training step.
pub(crate) fn reference_model(place: &Place, output: &str, spec: &Value) -> Result<Url, Verdict> {
    let train = place.train().map_err(|error| {
        Verdict::failed(
            "`fit` leaves the dataset as it is",
            error.to_string(),
            "open datasets read-only; write below `request.output_uri` only",
        )
    })?;
    let model = ReferenceModel {
        kind: ReferenceKind::Reference,
        spec: spec.clone(),
        dataset_uri: train.uri.to_string(),
        dataset_sha256: train.sha256,
    };
    let directory = place.join(output);
    let path = directory.join(model::FILE_NAME);
    let text = serde_json::to_vec_pretty(&model).map_err(std::io::Error::from);
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&path, text?))
        .map_err(cannot_write)?;
    Ok(crate::fixture::uri_of(&path))
}

/// A test that cannot go on because another has failed.
fn prerequisite(test: &str) -> Verdict {
    Verdict::Skipped {
        reason: format!("it needs what {test} found broken"),
        because_of: Some(test.to_owned()),
    }
}

/// What a failure of a shared step means for the tests that need it: one test reports it.
fn blamed_on(test: &str, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Skipped { .. } => verdict,
        _ => prerequisite(test),
    }
}

/// The suite's own files cannot be written.
pub(crate) fn cannot_write(error: std::io::Error) -> Verdict {
    Verdict::skipped(format!(
        "the suite's temporary files cannot be written: {error}"
    ))
}

/// The file of a model: what a URI names, or `model.json` in the directory that it names.
#[must_use]
pub fn model_file(uri: &Url) -> Option<PathBuf> {
    let path = uri.to_file_path().ok()?;
    Some(if path.is_dir() {
        path.join(model::FILE_NAME)
    } else {
        path
    })
}

/// Whether `path` lies below `directory`, links followed.
#[must_use]
pub fn is_below(path: &Path, directory: &Path) -> bool {
    match (path.canonicalize(), directory.canonicalize()) {
        (Ok(path), Ok(directory)) => path.starts_with(directory),
        _ => false,
    }
}
