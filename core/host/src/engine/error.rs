//! Why a plan cannot be written, executed or gathered.

use std::{io, path::PathBuf};

use protea_contracts::{Sha256, content::ContentError};
use protea_files::{FilesError, StagingError};

use super::holder::Holder;
use crate::store::StoreError;

/// Why a plan cannot be written, executed or gathered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The directory has no plan.
    #[error("{} is not a plan directory: it has no plan.json", path.display())]
    NoPlan {
        /// The directory.
        path: PathBuf,
    },
    /// The directory has the plan of something else.
    #[error(
        "{} already has another plan (id {found}, this one is {expected}); plan into another directory",
        path.display()
    )]
    OtherPlan {
        /// The directory.
        path: PathBuf,
        /// The id of the plan that is there.
        found: Box<Sha256>,
        /// The id of the new plan.
        expected: Box<Sha256>,
    },
    /// The directory has files, and no plan.
    #[error("{} is not empty and has no plan; plan into a new directory", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// Another process writes a plan to the directory at the moment.
    #[error("process {} on {} is writing a plan to {}", holder.pid, holder.host, path.display())]
    Planning {
        /// The directory.
        path: PathBuf,
        /// The process.
        holder: Box<Holder>,
    },
    /// A document of the directory is invalid.
    #[error("{} is not a document of a plan: {reason}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A part of the directory is missing.
    #[error("{} is missing: it was removed after the plan was written; create it again", path.display())]
    Removed {
        /// What is missing.
        path: PathBuf,
    },
    /// The list of tasks is missing.
    #[error("{} is missing: it was removed after the plan was written", path.display())]
    TasksRemoved {
        /// The file.
        path: PathBuf,
    },
    /// A file has the place of the plan directory, or a link that leads to none.
    #[error("{} is not a directory", path.display())]
    NotDirectory {
        /// What is there.
        path: PathBuf,
    },
    /// The plan has no task with this index.
    #[error("the plan has no task {index}: its {tasks} tasks have the indices 0 to {}", tasks.saturating_sub(1))]
    Index {
        /// The index, from 0.
        index: usize,
        /// How many tasks there are.
        tasks: usize,
    },
    /// The file of a runner is not the one that was planned with.
    #[error(
        "the file of the runner {name} has changed since the plan: {} has SHA-256 {found}, the plan was made with {expected}; restore the file, or plan again",
        path.display()
    )]
    RunnerChanged {
        /// The runner.
        name: String,
        /// The file that is there now.
        path: PathBuf,
        /// Its SHA-256.
        found: Box<Sha256>,
        /// The SHA-256 in the plan.
        expected: Box<Sha256>,
    },
    /// A dataset is not the one that was planned with.
    #[error(
        "the dataset at {uri} has changed since the plan: its manifest has SHA-256 {found}, the plan was made with {expected}; restore the dataset, or plan again"
    )]
    DatasetChanged {
        /// The URI, without secrets.
        uri: String,
        /// The identity that was found.
        found: Box<Sha256>,
        /// The identity in the plan.
        expected: Box<Sha256>,
    },
    /// A model is not the one that was planned with.
    #[error(
        "the model at {} has changed since the plan: its files have SHA-256 {found} together, the plan was made with {expected}; restore the model, or plan again",
        path.display()
    )]
    ModelChanged {
        /// The model.
        path: PathBuf,
        /// The hash that was found.
        found: Box<Sha256>,
        /// The hash in the plan.
        expected: Box<Sha256>,
    },
    /// A model is missing. It may be there later, or on another machine.
    #[error("the model {} does not exist on this machine", path.display())]
    ModelMissing {
        /// The model.
        path: PathBuf,
    },
    /// A file of a result is missing or was changed after it was published.
    #[error("the result of the task {index} in {} is damaged", path.display())]
    Damaged {
        /// The task's index.
        index: usize,
        /// The directory of the result.
        path: PathBuf,
        /// Which file, and how it differs.
        source: Box<ContentError>,
    },
    /// Another process executes the task.
    #[error("the task {index} is being done by process {} on {}", holder.pid, holder.host)]
    Claimed {
        /// The task's index.
        index: usize,
        /// The process.
        holder: Box<Holder>,
    },
    /// A program that the engine needs cannot be started.
    #[error("the program {program} cannot be started")]
    Program {
        /// The program.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The scheduler is not installed here.
    #[error("the program {program} is not on the PATH")]
    SchedulerMissing {
        /// The program.
        program: String,
    },
    /// Another process submits tasks of the same plan at the moment.
    #[error("process {} on {} is submitting tasks of this plan", holder.pid, holder.host)]
    Submitting {
        /// The process.
        holder: Box<Holder>,
    },
    /// The scheduler does not answer. It may do so later.
    #[error("{program} cannot reach the scheduler: {message}")]
    SchedulerUnreachable {
        /// The program.
        program: String,
        /// What it printed.
        message: String,
    },
    /// The scheduler accepted some jobs and then no more.
    #[error("only the jobs {} were submitted", jobs.join(", "))]
    PartlySubmitted {
        /// The names of the jobs that it accepted.
        jobs: Vec<String>,
        /// Why it did not accept the next one.
        source: Box<EngineError>,
    },
    /// A program of the scheduler failed.
    #[error("{program} failed: {message}")]
    Scheduler {
        /// The program.
        program: String,
        /// What it printed.
        message: String,
    },
    /// Plans cannot be kept at this URI.
    #[error("a plan cannot be kept at {uri}; use a directory, or s3://, gs:// or az://")]
    Location {
        /// The URI, without secrets.
        uri: String,
    },
    /// An object of a plan in an object store is invalid.
    #[error("{uri} is not a document of a plan: {reason}")]
    Record {
        /// The object.
        uri: String,
        /// What is wrong.
        reason: String,
    },
    /// The object store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be read.
    #[error(transparent)]
    Files(FilesError),
    /// A result cannot be published.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// Something cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl From<FilesError> for EngineError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Write { path, source } => Self::Write { path, source },
            error => Self::Files(error),
        }
    }
}

impl EngineError {
    pub(super) fn read(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Files(FilesError::Read { path, source })
    }

    pub(super) fn stored(path: &std::path::Path) -> impl FnOnce(StoreError) -> Self {
        let path = path.to_owned();
        move |error| match error {
            StoreError::Write { source, .. } => Self::Write { path, source },
            error => Self::Write {
                path,
                source: io::Error::other(error),
            },
        }
    }

    pub(crate) fn write(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_failed_write_is_an_error_of_writing() {
        let failed = |kind: io::ErrorKind| FilesError::Write {
            path: "plan/result.json".into(),
            source: kind.into(),
        };
        let error = EngineError::from(failed(io::ErrorKind::StorageFull));
        assert!(matches!(error, EngineError::Write { .. }), "{error:?}");
        assert_eq!(error.to_string(), "plan/result.json cannot be written");
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        let error = StoreError::from(failed(io::ErrorKind::PermissionDenied));
        assert!(matches!(error, StoreError::Write { .. }), "{error:?}");
    }
}
