//! Why a command failed, and with which exit code: every library error is judged here.

use std::error::Error;

use protea_cafa::{
    dataset, ontology::OntologyError, reference::ReferenceError, scoring::ScoringError,
};
#[cfg(unix)]
use protea_core::worker::WorkerError;
use protea_core::{
    CatalogError, DatasetError, DispatchError, ExperimentError, LoadError, StoreError,
    WorkspaceError,
    contracts::RunnerError,
    experiment::SearchError,
    tracking::TrackerError,
    workspace::{FindRunError, RUN_MANIFEST, RecordedRunError},
};
use serde_json::{Map, Value, json};

use crate::{exit::Exit, optional, output::Report};

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What, where and the remedy, in one paragraph.
    pub message: String,
    beside: Box<Beside>,
}

/// What is said beside the error.
#[derive(Debug, Default)]
struct Beside {
    note: Option<String>,
    text: Option<String>,
    details: Map<String, Value>,
    verdict: Option<Report>,
}

impl Failure {
    /// A failure with this message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            beside: Box::default(),
        }
    }

    /// An answer that has an exit code of its own, without anything being wrong: only the report is printed.
    pub fn verdict(exit: Exit, report: Report) -> Self {
        let mut failure = Self::new(exit, "");
        failure.beside.verdict = Some(report);
        failure
    }

    /// The report that is all there is to print, if it is a verdict.
    pub fn report(&self) -> Option<&Report> {
        self.beside.verdict.as_ref()
    }

    /// The user asked for the end.
    pub fn cancelled() -> Self {
        Self::new(Exit::Cancelled, "cancelled")
    }

    /// Adds something to know, such as where the failed run is on record.
    pub fn with_note(mut self, note: String) -> Self {
        self.beside.note = Some(note);
        self
    }

    /// Adds what standard output gets all the same, without `--json`.
    pub fn with_text(mut self, text: String) -> Self {
        self.beside.text = Some(text);
        self
    }

    /// Adds what `--json` prints beside the error.
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.beside.details.insert(name.to_owned(), value.into());
        self
    }

    /// Something to know, if there is something.
    pub fn note(&self) -> Option<&str> {
        self.beside.note.as_deref()
    }

    /// What standard output gets all the same, without `--json`.
    pub fn text(&self) -> Option<&str> {
        self.beside.text.as_deref()
    }

    /// The one object that `--json` prints.
    pub fn to_json(&self) -> Value {
        let mut object = Map::from_iter([(
            "error".to_owned(),
            json!({ "kind": self.exit.kind(), "message": self.message }),
        )]);
        object.extend(self.beside.details.clone());
        Value::Object(object)
    }

    fn of(exit: Exit, error: &dyn Error) -> Self {
        Self::new(exit, with_causes(error))
    }

    /// Adds what the command offers against a tracker's error.
    fn with_tracker_remedy(mut self, error: &TrackerError) -> Self {
        self.message.push_str(match error {
            TrackerError::NoServer { .. } => {
                ", or record with `--offline` and send with `protea sync` later"
            }
            TrackerError::TlsUnsupported { .. } => "; build protea with its feature `cloud`",
            _ => "",
        });
        self
    }
}

/// The error's message with those of its causes that it does not already say.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let exit = match error {
            CatalogError::Name { .. } => Exit::Usage,
            _ => Exit::Runner,
        };
        let remedy = match &error {
            CatalogError::Unknown { name, .. } => optional::remedy(name),
            _ => None,
        };
        let mut failure = Self::of(exit, &error);
        if let Some(remedy) = remedy {
            let ends = failure.message.ends_with('?');
            failure.message.push_str(if ends { " " } else { "; " });
            failure.message.push_str(remedy);
        }
        failure
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Catalog(error) => error.into(),
            error => Self::of(Exit::Runner, &error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(of_store(&error), &error)
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let failure = Self::of(of_workspace(&error), &error);
        match &error {
            WorkspaceError::Tracker(error) => failure.with_tracker_remedy(error),
            _ => failure,
        }
    }
}

impl From<FindRunError> for Failure {
    fn from(error: FindRunError) -> Self {
        let exit = match error {
            FindRunError::Unknown { .. } | FindRunError::Manifest { .. } => Exit::Input,
            FindRunError::Ambiguous { .. } => Exit::Usage,
        };
        let failure = Self::of(exit, &error);
        match error {
            FindRunError::Ambiguous { runs, .. } => failure.with_detail("runs", json!(runs)),
            _ => failure,
        }
    }
}

impl From<RecordedRunError> for Failure {
    fn from(error: RecordedRunError) -> Self {
        let exit = match error {
            RecordedRunError::OtherRunner { .. } => Exit::Runner,
            RecordedRunError::NoModel { .. }
            | RecordedRunError::NoRunner { .. }
            | RecordedRunError::NoDataset { .. } => Exit::Input,
        };
        Self::of(exit, &error)
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self::of(of_dataset(&error), &error)
    }
}

impl From<DispatchError> for Failure {
    fn from(error: DispatchError) -> Self {
        Self::of(of_dispatch(&error), &error)
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        let exit = match &error {
            ExperimentError::Spec { source }
            | ExperimentError::Step { source, .. }
            | ExperimentError::Explain { source } => of_dispatch(source),
            ExperimentError::Workspace(error) => of_workspace(error),
            ExperimentError::Store(error) => of_store(error),
            ExperimentError::Dataset(error) => of_dataset(error),
            ExperimentError::Publish { source, .. } => of_store(source),
            ExperimentError::Tracker(error) => of_tracker(error),
            ExperimentError::Search(error) => of_search(error),
            ExperimentError::NoModel { .. } => Exit::Input,
            ExperimentError::NoFold => Exit::Usage,
            ExperimentError::Cancelled => Exit::Cancelled,
            ExperimentError::Fold { .. } | ExperimentError::NoScores => Exit::Failed,
            ExperimentError::RunInsideRun { .. } | ExperimentError::Other(_) => Exit::Failed,
        };
        let mut failure = Self::of(exit, &error);
        if let ExperimentError::Tracker(error)
        | ExperimentError::Workspace(WorkspaceError::Tracker(error)) = &error
        {
            failure = failure.with_tracker_remedy(error);
        }
        if let ExperimentError::Step { directory, .. }
        | ExperimentError::Publish { directory, .. }
        | ExperimentError::Fold { directory, .. } = &error
        {
            let manifest = directory.join(RUN_MANIFEST);
            failure = failure
                .with_note(format!("the run is on record in {}", manifest.display()))
                .with_detail("manifest", json!(manifest));
        }
        failure
    }
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        Self::of(of_search(&error), &error)
    }
}

impl From<TrackerError> for Failure {
    fn from(error: TrackerError) -> Self {
        Self::of(of_tracker(&error), &error).with_tracker_remedy(&error)
    }
}

impl From<dataset::DatasetError> for Failure {
    fn from(error: dataset::DatasetError) -> Self {
        use dataset::DatasetError as E;
        let exit = match &error {
            E::Write { .. } | E::Exists(_) => Exit::Output,
            E::Request(_) => Exit::Usage,
            E::Cancelled => Exit::Cancelled,
            _ => Exit::Input,
        };
        Self::of(exit, &error)
    }
}

impl From<OntologyError> for Failure {
    fn from(error: OntologyError) -> Self {
        Self::of(Exit::Input, &error)
    }
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::Dataset(error) => error.into(),
            ReferenceError::Scoring(error) => error.into(),
        }
    }
}

impl From<ScoringError> for Failure {
    fn from(error: ScoringError) -> Self {
        let exit = match &error {
            ScoringError::Write { .. } => Exit::Output,
            ScoringError::Option { .. } => Exit::Usage,
            ScoringError::Mixed { .. } | ScoringError::Unpaired { .. } => Exit::Failed,
            ScoringError::Cancelled => Exit::Cancelled,
            _ => Exit::Input,
        };
        Self::of(exit, &error)
    }
}

fn of_dataset(error: &DatasetError) -> Exit {
    match error {
        DatasetError::Store(error) => of_store(error),
        _ => Exit::Input,
    }
}

fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Location { .. }
        | StoreError::Scheme { .. }
        | StoreError::Elsewhere { .. }
        | StoreError::NotFound { .. }
        | StoreError::NotPublished { .. }
        | StoreError::Manifest { .. }
        | StoreError::Corrupt { .. }
        | StoreError::Unlistable { .. }
        | StoreError::Read { .. } => Exit::Input,
        StoreError::Exists { .. }
        | StoreError::Published { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Write { .. } => Exit::Output,
        StoreError::Cancelled => Exit::Cancelled,
        StoreError::NoCloud { .. }
        | StoreError::Setting { .. }
        | StoreError::Credentials { .. }
        | StoreError::Denied { .. }
        | StoreError::CacheChanged { .. }
        | StoreError::Changed { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Failed { .. } => Exit::Failed,
    }
}

fn of_tracker(error: &TrackerError) -> Exit {
    match error {
        TrackerError::Write { .. } | TrackerError::NoSpace { .. } => Exit::Output,
        TrackerError::Read { .. } | TrackerError::Corrupt { .. } | TrackerError::Name { .. } => {
            Exit::Input
        }
        _ => Exit::Failed,
    }
}

fn of_search(error: &SearchError) -> Exit {
    match error {
        SearchError::AllFailed { .. } => Exit::Failed,
        SearchError::Setting { .. } | SearchError::Metric { .. } => Exit::Input,
        SearchError::Text { .. }
        | SearchError::NoSetting
        | SearchError::NoTrial
        | SearchError::TooLarge { .. } => Exit::Usage,
    }
}

fn of_workspace(error: &WorkspaceError) -> Exit {
    match error {
        WorkspaceError::Store(error) => of_store(error),
        WorkspaceError::StatePoint(_)
        | WorkspaceError::Manifest { .. }
        | WorkspaceError::Document { .. }
        | WorkspaceError::Bound { .. }
        | WorkspaceError::NoJob { .. } => Exit::Input,
        WorkspaceError::Tracker(error) => of_tracker(error),
        WorkspaceError::OtherStatePoint { .. } | WorkspaceError::StatePointUnreadable { .. } => {
            Exit::Output
        }
    }
}

fn of_dispatch(error: &DispatchError) -> Exit {
    match error {
        error if error.is_cancelled() => Exit::Cancelled,
        #[cfg(unix)]
        DispatchError::Worker(WorkerError::Open(_)) => Exit::Runner,
        DispatchError::OutputFull { .. } => Exit::Output,
        DispatchError::Runner(
            RunnerError::InvalidSpec { .. }
            | RunnerError::Dataset { .. }
            | RunnerError::Model { .. }
            | RunnerError::NotFound { .. },
        ) => Exit::Input,
        _ => Exit::Failed,
    }
}
