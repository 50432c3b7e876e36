//! The workspace: jobs known by their state point, and the runs of each.
//!
//! ```text
//! <workspace>/
//!   .signac/config                          a signac project (schema 2)
//!   workspace/<job_id>/                     job_id = signac's hash of the state point
//!     signac_statepoint.json
//!     signac_job_document.json              how the job stands, and the tracker that it is bound to
//!     tracker_log/<run_id>/events.jsonl     every event of every run
//!     artifacts/<pipeline>/<run_id>/
//!       run_manifest.json                   what ran, with what, how it ended
//!       run_labels.json                     tags and notes that it was given later
//!       trials.jsonl                        of a search: the trials that have ended, until search.tsv is there
//!       logs/run.log                        the log, including the runner's output
//!       steps/NN_<step>/step_manifest.json  what a step took, read and wrote
//!       model/ predictions/ export/
//! ```

mod code;
mod document;
mod exclusive;
mod find;
mod host_record;
mod housekeeping;
mod job;
mod job_id;
mod labels;
mod leftovers;
mod log;
mod manifest;
mod moved;
mod new_jobs;
mod places;
mod recorded;
mod repair;
mod run;
mod run_id;
mod runs;
mod state_point;
mod step;
mod trials;
mod unsynced;
mod usable_run;
mod vanished;

use std::path::{Path, PathBuf};

use protea_tracking::{
    RunId, TrackerError,
    log::{FILE_NAME, process_is_gone},
};
use serde_json::{Map, Value};

pub use code::{
    CODE_DIRECTORY, CodeRecord, DiffRecord, LARGEST_DIFF, Repositories, RepositoryRecord,
};
pub use document::{JobDocument, TrackerBinding};
pub use find::{FindRunError, LATEST};
pub use host_record::HostRecord;
pub use housekeeping::{KeepReason, KeptRun, RemovableRun, RemovalPlan, Removed, Retention};
pub use job::Job;
pub(crate) use job::STATE_POINT;
pub use job_id::{InvalidJobId, JobId};
pub use labels::{RUN_LABELS, RunLabels, RunLabelsError};
pub use log::{LogLine, NO_STEP, RUN_LOG, RunLog};
pub use manifest::{
    Artifacts, DatasetRecord, RUN_MANIFEST, RunManifest, RunnerRecord, Status, StepRecord,
};
pub use recorded::{Needed, RecordedRun, RecordedRunError};
pub use run::RunDirectory;
pub(crate) use run_id::new_run_id;
pub use runs::{
    DEVIATION, Evaluated, ListedRun, MEAN, RunChanges, RunHead, RunIndex, RunKey, RunList,
    RunOrder, RunRow, RunSelection, RunSelectionError, RunnerHead, SelectedRuns, UnreadableRun,
};
pub use state_point::{StatePointError, job_id};
pub use step::{Rows, STEP_MANIFEST, StepManifest, StepOutput};
pub use trials::{EndedTrial, EndedTrials, TRIALS};
pub use unsynced::{Backlog, UnknownProgress, Unsynced, unsynced};
pub use usable_run::{Substitution, UsableRun};

use crate::store::{Staging, StagingError, StoreError, write_atomic};

const SIGNAC_CONFIG: &str = "schema_version = 2\n";

/// A directory of jobs. signac for Python opens it as a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    directory: PathBuf,
    unclosed: Vec<String>,
}

/// Why the workspace cannot take a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// Something cannot be written.
    #[error("the workspace cannot be used")]
    Store(#[from] StoreError),
    /// The state point has no identity.
    #[error(transparent)]
    StatePoint(#[from] StatePointError),
    /// The state point of the job cannot be read.
    #[error("{} cannot be read", path.display())]
    StatePointUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A run's manifest is none.
    #[error("{} is not a run manifest", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The tags and notes that a run was given cannot be read.
    #[error(transparent)]
    Labels(#[from] RunLabelsError),
    /// A job's document is none.
    #[error("{} is not a job document", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The job is bound to another tracker.
    #[error("the job {job} is already bound to {backend} (run {run_id})")]
    Bound {
        /// The job.
        job: String,
        /// The backend.
        backend: String,
        /// The backend's id of the run.
        run_id: String,
    },
    /// The event log cannot be written, or a backend cannot be used.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// There is no such job.
    #[error("{} has no job {id:?}: {reason}", workspace.display())]
    NoJob {
        /// The workspace.
        workspace: PathBuf,
        /// What was asked for.
        id: String,
        /// What is there instead.
        reason: String,
    },
    /// The state point in the directory does not match its name: the directory was changed.
    #[error(
        "the state point in {} does not match the name of the directory; move the directory away",
        path.display()
    )]
    OtherStatePoint {
        /// The file.
        path: PathBuf,
    },
}

impl Workspace {
    /// Opens the workspace at `directory`, and creates it if it is missing. Closes runs whose
    /// process vanished as `killed`.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when it cannot be made or written.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, WorkspaceError> {
        let directory = directory.as_ref();
        let directory = std::path::absolute(directory).map_err(StoreError::write(directory))?;
        let settings = directory.join(".signac");
        let config = settings.join("config");
        if !settings.is_dir() {
            create_settings(&settings)?;
        }
        if !config.exists() {
            write_atomic(&config, SIGNAC_CONFIG.as_bytes())?;
        }
        Ok(Self::closing_vanished(directory))
    }

    /// The workspace at `directory`, for reading: creates nothing. Closes runs whose process
    /// vanished as `killed`.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when a relative path has nothing to be relative to.
    pub fn at(directory: impl AsRef<Path>) -> Result<Self, WorkspaceError> {
        let directory = directory.as_ref();
        let directory = std::path::absolute(directory).map_err(StoreError::write(directory))?;
        Ok(Self::closing_vanished(directory))
    }

    /// The workspace at `directory`, for a program that must not change anything, such as a server.
    /// Runs whose process vanished stay as they are; [`has_vanished`](Self::has_vanished) finds them.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when a relative path has nothing to be relative to.
    pub fn read_only(directory: impl AsRef<Path>) -> Result<Self, WorkspaceError> {
        let directory = directory.as_ref();
        Ok(Self {
            directory: std::path::absolute(directory).map_err(StoreError::write(directory))?,
            unclosed: Vec::new(),
        })
    }

    /// Whether there is a workspace at its directory.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.directory.join("workspace").is_dir() || self.directory.join(".signac").is_dir()
    }

    /// Whether the process that records a run is gone although the run has not ended. The next
    /// command that opens the workspace records such a run as killed. False if this is unknown, as
    /// for a process of another machine.
    #[must_use]
    pub fn has_vanished(&self, run_id: &RunId) -> bool {
        process_is_gone(&self.open_runs(), run_id)
    }

    /// The event log of a run of this workspace, given the run's directory. The file may be missing.
    #[must_use]
    pub fn event_log(run: &Path) -> Option<PathBuf> {
        // The run's directory is `<job>/artifacts/<pipeline>/<run>`.
        let job = run.ancestors().nth(3)?;
        Some(
            Job::tracker_log_in(job)
                .join(run.file_name()?)
                .join(FILE_NAME),
        )
    }

    fn closing_vanished(directory: PathBuf) -> Self {
        let mut workspace = Self {
            directory,
            unclosed: Vec::new(),
        };
        new_jobs::remove_leftovers(&workspace.directory);
        repair::remove_jobs_without_state_point(&workspace.directory);
        leftovers::remove_of_no_run(&workspace.directory);
        let failures = vanished::close(&workspace);
        workspace.unclosed = failures
            .iter()
            .map(|error| protea_contracts::error::with_causes(error))
            .collect();
        workspace
    }

    /// The errors of closing runs whose process vanished.
    #[must_use]
    pub fn unclosed(&self) -> &[String] {
        &self.unclosed
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The job of this state point. Created if it is missing.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError`].
    pub fn job(&self, state_point: &Map<String, Value>) -> Result<Job, WorkspaceError> {
        Job::open(&self.directory, state_point)
    }

    /// The job with this id, or with the only id that begins so, or in this directory.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::NoJob`]; [`WorkspaceError::Store`].
    pub fn find_job(&self, id: &str) -> Result<Job, WorkspaceError> {
        Job::find(&self.directory, id)
    }

    /// The directories of all jobs, sorted.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`].
    pub fn job_directories(&self) -> Result<Vec<PathBuf>, WorkspaceError> {
        Ok(job::directories(&self.directory)?)
    }

    /// Removes a run that has ended: its directory and its event log.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`].
    pub fn remove_run(&self, directory: &Path, run_id: &RunId) -> Result<(), WorkspaceError> {
        // <job>/artifacts/<pipeline>/<run_id>
        if let Some(job) = directory.ancestors().nth(3) {
            let log = Job::tracker_log_in(job).join(run_id);
            if log.symlink_metadata().is_ok() {
                protea_files::remove_tree(&log).map_err(StoreError::write(&log))?;
            }
        }
        Ok(protea_files::remove_tree(directory).map_err(StoreError::write(directory))?)
    }

    /// The directory with the markers of open runs.
    pub(crate) fn open_runs(&self) -> PathBuf {
        places::open_runs(&self.directory)
    }
}

/// Creates the directory with its file at once: signac refuses a project without settings.
fn create_settings(settings: &Path) -> Result<(), StoreError> {
    let unwritable = |error| match error {
        StoreError::Write { source, .. } => StoreError::write(settings)(source),
        error => error,
    };
    let staging = Staging::begin(settings).map_err(|error| unwritable(error.into()))?;
    write_atomic(&staging.path().join("config"), SIGNAC_CONFIG.as_bytes()).map_err(unwritable)?;
    match staging.publish() {
        // By another process.
        Ok(_) | Err(StagingError::Exists { .. }) => Ok(()),
        Err(error) => Err(unwritable(error.into())),
    }
}
