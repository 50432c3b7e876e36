//! The workspace: jobs known by their state point, and the runs of each.
//!
//! ```text
//! <workspace>/
//!   .signac/config                          a signac project (schema 2)
//!   workspace/<job_id>/                     job_id = signac's hash of the state point
//!     signac_statepoint.json
//!     artifacts/<pipeline>/<run_id>/
//!       run_manifest.json                   what ran, with what, how it ended
//!       logs/run.log                        what was said during it, the runner's output included
//!       steps/NN_<step>/step_manifest.json  what a step took, read and wrote
//!       model/ predictions/ export/
//! ```

mod code;
mod job;
mod log;
mod manifest;
mod run;
mod state_point;
mod step;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

pub use code::CodeRecord;
pub use job::Job;
pub use log::{LogLine, NO_STEP, RUN_LOG, RunLog};
pub use manifest::{
    Artifacts, DatasetRecord, HostRecord, RunManifest, RunnerRecord, Status, StepRecord,
};
pub use run::{RUN_MANIFEST, RunDirectory};
pub use state_point::{StatePointError, job_id};
pub use step::{Rows, STEP_MANIFEST, StepManifest, StepOutput};

use crate::store::{StoreError, write_atomic};

const SIGNAC_CONFIG: &str = "schema_version = 2\n";

/// A directory of jobs. signac for Python opens it as a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    directory: PathBuf,
}

/// Why the workspace cannot take a run.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Something cannot be written.
    #[error("the workspace cannot be used: {0}")]
    Store(#[from] StoreError),
    /// A run's manifest is none.
    #[error("{} is no run manifest: {source}; restore it, or remove the run", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The state point has no identity.
    #[error(transparent)]
    StatePoint(#[from] StatePointError),
    /// The state point of the job cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    StatePointUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The job's directory belongs to another state point: the directory was tampered with.
    #[error(
        "{} holds another state point than its name says; move the directory away",
        path.display()
    )]
    OtherStatePoint {
        /// The file.
        path: PathBuf,
    },
}

impl Workspace {
    /// Opens the workspace at `directory`, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when it cannot be made or written.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, WorkspaceError> {
        let directory = directory.as_ref();
        let directory = std::path::absolute(directory).map_err(StoreError::write(directory))?;
        let settings = directory.join(".signac");
        fs::create_dir_all(&settings).map_err(StoreError::write(&settings))?;
        let config = settings.join("config");
        if !config.exists() {
            write_atomic(&config, SIGNAC_CONFIG.as_bytes())?;
        }
        Ok(Self { directory })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The job of this state point, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError`].
    pub fn job(&self, state_point: &Map<String, Value>) -> Result<Job, WorkspaceError> {
        Job::open(&self.directory, state_point)
    }
}
