//! What a program does differently about an error, whichever function returned it.
//!
//! The types of the errors do not know this module.

use std::io;

use protea_contracts::RunnerError;
#[cfg(unix)]
use protea_isolation::WorkerError;
use protea_store::StoreError;
use protea_tracking::TrackerError;

use protea_files::StagingError;

use crate::{
    catalog::CatalogError,
    dataset::StageDatasetError,
    dispatch::{DispatchError, LoadError},
    engine::EngineError,
    experiment::{ExperimentError, SearchError},
    workspace::{FindRunError, RecordedRunError, WorkspaceError},
};

/// What a program does differently about an error, as [`std::io::ErrorKind`] does for input and
/// output. The error itself has the details: names, paths, limits and causes.
///
/// ```no_run
/// # use protea_core::{Dataset, ErrorKind, Experiment};
/// # fn example(experiment: &Experiment, train: &Dataset) {
/// match experiment.fit(&serde_json::json!({ "k": 5 }), train) {
///     Ok(run) => println!("{}", run.directory.display()),
///     Err(error) => match error.kind() {
///         ErrorKind::Cancelled => println!("stopped"),
///         ErrorKind::TimeLimit | ErrorKind::MemoryLimit => println!("raise the limit"),
///         ErrorKind::InvalidSpec => println!("change the settings: {error}"),
///         _ => println!("{}", error.with_causes()),
///     },
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Your program cancelled: an observer, or a cancel token.
    Cancelled,
    /// The call exceeded its time limit: give it more, or less to do.
    TimeLimit,
    /// The runner used more memory than its limit or the machine allows.
    MemoryLimit,
    /// The runner wrote more than its output limit.
    OutputLimit,
    /// The disk or the user's quota is full.
    NoSpace,
    /// A signal ended the runner's process: a bug of the runner.
    Crashed,
    /// The runner ended its process during the call: a bug of the runner.
    Exited,
    /// The runner panicked: a bug of the runner.
    Panicked,
    /// The runner's answer or output breaks the contract: a bug of the runner.
    BrokenContract,
    /// The runner returned an error of its own.
    RunnerFailed,
    /// The runner, or the runner's schema, refused the settings. Nothing was run.
    InvalidSpec,
    /// The runner does not support this operation.
    Unsupported,
    /// Something that the runner needs is not installed, such as a program.
    MissingRequirement,
    /// Something that the request names does not exist, such as a protein or a term.
    NotFound,
    /// No runner of this name is on the search path.
    UnknownRunner,
    /// The runner's file cannot be used: it is for another contract, is not trusted or pinned, changed,
    /// does not open, or there are two of that name.
    UnusableRunner,
    /// There is no dataset at this place.
    NoSuchDataset,
    /// The dataset cannot be used: it is damaged, changed, or lacks what the runner needs.
    InvalidDataset,
    /// The model cannot be used, or there is none.
    InvalidModel,
    /// This program cannot start workers: its `main` lacks the call of `serve_if_asked`, or the system
    /// refuses.
    Worker,
    /// The system lacks something that a strict sandbox needs.
    NoSandbox,
    /// The destination exists already.
    AlreadyExists,
    /// A store or a tracker does not answer, or denies access.
    Unavailable,
    /// A file or the workspace cannot be read or written, or a document in it is not valid.
    Storage,
    /// No trial of a search, fold or entrant has scores. The error says why the first has none.
    NoScores,
    /// The arguments of the call cannot be used, such as a search over no setting.
    InvalidInput,
    /// Anything else, such as an error of your own code in a run.
    Other,
}

impl ErrorKind {
    /// Whether the same call fails again, on any machine and with any limits: the runner, the settings
    /// or the data are at fault.
    #[must_use]
    pub const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::RunnerFailed
                | Self::InvalidSpec
                | Self::Unsupported
                | Self::Panicked
                | Self::Exited
                | Self::Crashed
                | Self::BrokenContract
                | Self::InvalidDataset
                | Self::InvalidModel
                | Self::NotFound
                | Self::OutputLimit
        )
    }
}

impl ExperimentError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Spec { source }
            | Self::Step { source, .. }
            | Self::Fold { source, .. }
            | Self::Predict { source }
            | Self::Explain { source } => source.kind(),
            Self::Publish { source, .. } => of_store(source),
            Self::Store(error) => of_store(error),
            Self::Workspace(error) => error.kind(),
            Self::Tracker(error) => of_tracker(error),
            Self::Dataset(error) => error.kind(),
            Self::Search(SearchError::AllFailed { .. }) | Self::NoScores => ErrorKind::NoScores,
            Self::Search(_) | Self::NoFold | Self::RunInsideRun { .. } => ErrorKind::InvalidInput,
            Self::NoModel { .. } | Self::UnknownDataset { .. } | Self::ModelChanged { .. } => {
                ErrorKind::InvalidModel
            }
            Self::Pending { .. } => ErrorKind::NotFound,
            Self::Engine(error) => error.kind(),
            Self::Other(_) => ErrorKind::Other,
        }
    }

    /// Whether the same work fails again, as [`ErrorKind::is_lasting`] says. A runner that was killed
    /// from outside, by the system or a scheduler, may succeed the next time.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        #[cfg(unix)]
        if let Self::Step { source, .. } | Self::Predict { source } = self
            && let DispatchError::Worker(WorkerError::Crashed { signal, .. }) = &**source
        {
            // Nothing in a runner sends these.
            const FROM_OUTSIDE: [i32; 5] = [1, 2, 9, 15, 24];
            return !FROM_OUTSIDE.contains(signal);
        }
        self.kind().is_lasting()
    }
}

impl EngineError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoPlan { .. } | Self::Index { .. } => ErrorKind::NotFound,
            Self::OtherPlan { .. } | Self::NotEmpty { .. } | Self::NotDirectory { .. } => {
                ErrorKind::AlreadyExists
            }
            Self::RunnerChanged { .. } => ErrorKind::UnusableRunner,
            Self::DatasetChanged { .. } => ErrorKind::InvalidDataset,
            Self::ModelChanged { .. } => ErrorKind::InvalidModel,
            Self::ModelMissing { .. } => ErrorKind::NotFound,
            Self::Claimed { .. }
            | Self::Planning { .. }
            | Self::Submitting { .. }
            | Self::Program { .. }
            | Self::SchedulerMissing { .. }
            | Self::SchedulerUnreachable { .. }
            | Self::Scheduler { .. } => ErrorKind::Unavailable,
            Self::PartlySubmitted { source, .. } => source.kind(),
            Self::Write { source, .. } | Self::Staging(StagingError::Write { source, .. }) => {
                of_writing(source)
            }
            Self::Location { .. } => ErrorKind::InvalidInput,
            Self::Store(error) => of_store(error),
            Self::Document { .. }
            | Self::Record { .. }
            | Self::Damaged { .. }
            | Self::Removed { .. }
            | Self::TasksRemoved { .. }
            | Self::Files(_)
            | Self::Staging(_) => ErrorKind::Storage,
        }
    }
}

impl DispatchError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Runner(error) => of_runner(error),
            Self::Recorded(_) => ErrorKind::RunnerFailed,
            Self::Panicked(_) => ErrorKind::Panicked,
            Self::Protocol(_)
            | Self::Metrics(_)
            | Self::Export { .. }
            | Self::Output(_)
            | Self::Schema(_) => ErrorKind::BrokenContract,
            #[cfg(unix)]
            Self::Worker(error) => of_worker(error),
            Self::OutputFull { .. } => ErrorKind::NoSpace,
        }
    }
}

impl LoadError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Catalog(error) => error.kind(),
            Self::Describe { source, .. } => source.kind(),
            Self::Open(_) | Self::DescriptorLies { .. } => ErrorKind::UnusableRunner,
        }
    }
}

impl CatalogError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::Name { .. } => ErrorKind::UnknownRunner,
            Self::Duplicate { .. }
            | Self::Incompatible { .. }
            | Self::Insecure { .. }
            | Self::Locked(_)
            | Self::Changed { .. } => ErrorKind::UnusableRunner,
        }
    }
}

impl StageDatasetError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. }
            | Self::NotThere { .. }
            | Self::Store(StoreError::NotFound { .. }) => ErrorKind::NoSuchDataset,
            Self::Store(error) => of_store(error),
            Self::File { .. }
            | Self::Replaced { .. }
            | Self::NotFrozen { .. }
            | Self::Manifest { .. }
            | Self::Changed { .. } => ErrorKind::InvalidDataset,
        }
    }
}

impl WorkspaceError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => of_store(error),
            Self::Tracker(error) => of_tracker(error),
            Self::NoJob { .. } => ErrorKind::NotFound,
            Self::StatePoint(_) | Self::Bound { .. } => ErrorKind::InvalidInput,
            Self::StatePointUnreadable { .. }
            | Self::Manifest { .. }
            | Self::Document { .. }
            | Self::Labels(_)
            | Self::OtherStatePoint { .. } => ErrorKind::Storage,
        }
    }
}

impl FindRunError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::NoWorkspace { .. } => ErrorKind::NotFound,
            Self::Ambiguous { .. } | Self::Group { .. } | Self::Unfinished { .. } => {
                ErrorKind::InvalidInput
            }
            Self::Manifest { .. } | Self::Labels(_) => ErrorKind::Storage,
        }
    }
}

impl RecordedRunError {
    /// What a program does differently about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoModel { .. } => ErrorKind::InvalidModel,
            Self::NoRunner { .. } => ErrorKind::InvalidInput,
            Self::NoDataset { .. } => ErrorKind::NoSuchDataset,
            Self::OtherRunner { .. } => ErrorKind::UnusableRunner,
        }
    }
}

fn of_runner(error: &RunnerError) -> ErrorKind {
    match error {
        RunnerError::Cancelled => ErrorKind::Cancelled,
        RunnerError::InvalidSpec { .. } => ErrorKind::InvalidSpec,
        RunnerError::Unsupported { .. } => ErrorKind::Unsupported,
        RunnerError::Dataset { .. } => ErrorKind::InvalidDataset,
        RunnerError::Model { .. } => ErrorKind::InvalidModel,
        RunnerError::NotFound { .. } => ErrorKind::NotFound,
        RunnerError::Missing { .. } => ErrorKind::MissingRequirement,
        RunnerError::NoSpace { .. } => ErrorKind::NoSpace,
        // `Failed`, and what a newer contract adds.
        _ => ErrorKind::RunnerFailed,
    }
}

#[cfg(unix)]
fn of_worker(error: &WorkerError) -> ErrorKind {
    match error {
        WorkerError::Runner(error) => of_runner(error),
        WorkerError::Panicked(_) => ErrorKind::Panicked,
        WorkerError::Protocol(_) => ErrorKind::BrokenContract,
        WorkerError::Open(_) => ErrorKind::UnusableRunner,
        WorkerError::Sandbox { .. } => ErrorKind::NoSandbox,
        WorkerError::Crashed { .. } => ErrorKind::Crashed,
        WorkerError::Exited { .. } => ErrorKind::Exited,
        WorkerError::TimedOut { .. } => ErrorKind::TimeLimit,
        WorkerError::OutOfMemory { .. } => ErrorKind::MemoryLimit,
        WorkerError::OutputTooLarge { .. } => ErrorKind::OutputLimit,
        WorkerError::Killed => ErrorKind::Cancelled,
        // `Setup`, `NotServing`, `Start`.
        _ => ErrorKind::Worker,
    }
}

fn of_store(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Cancelled => ErrorKind::Cancelled,
        StoreError::Exists { .. } | StoreError::Published { .. } => ErrorKind::AlreadyExists,
        StoreError::NotFound { .. } => ErrorKind::NotFound,
        StoreError::Location { .. }
        | StoreError::Scheme { .. }
        | StoreError::Elsewhere { .. }
        | StoreError::Setting { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Unlistable { .. } => ErrorKind::InvalidInput,
        StoreError::NoCloud { .. }
        | StoreError::Credentials { .. }
        | StoreError::Denied { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Failed { .. } => ErrorKind::Unavailable,
        StoreError::Write { source, .. } => of_writing(source),
        // What is there is not what its manifest says, or cannot be read.
        _ => ErrorKind::Storage,
    }
}

fn of_tracker(error: &TrackerError) -> ErrorKind {
    match error {
        TrackerError::NoSpace { .. } => ErrorKind::NoSpace,
        TrackerError::Write { source, .. } => of_writing(source),
        TrackerError::Read { .. } | TrackerError::Corrupt { .. } => ErrorKind::Storage,
        TrackerError::Name { .. } => ErrorKind::InvalidInput,
        _ => ErrorKind::Unavailable,
    }
}

fn of_writing(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        _ => ErrorKind::Storage,
    }
}
