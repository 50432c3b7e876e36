//! A job: the directory of one state point.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{RunDirectory, WorkspaceError, state_point::job_id};
use crate::store::{StoreError, write_atomic};

const STATE_POINT: &str = "signac_statepoint.json";

/// A job of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    id: String,
    directory: PathBuf,
}

impl Job {
    pub(super) fn open(
        workspace: &Path,
        state_point: &Map<String, Value>,
    ) -> Result<Self, WorkspaceError> {
        let id = job_id(state_point)?;
        let directory = workspace.join("workspace").join(&id);
        fs::create_dir_all(&directory).map_err(StoreError::write(&directory))?;
        let path = directory.join(STATE_POINT);
        match fs::read(&path) {
            Ok(bytes) => {
                let same = serde_json::from_slice::<Map<String, Value>>(&bytes)
                    .ok()
                    .and_then(|found| job_id(&found).ok())
                    .is_some_and(|found| found == id);
                if !same {
                    return Err(WorkspaceError::OtherStatePoint { path });
                }
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(WorkspaceError::StatePointUnreadable {
                    path,
                    source: error,
                });
            }
            Err(_) => {
                let text = Value::Object(state_point.clone()).to_string();
                write_atomic(&path, text.as_bytes())?;
            }
        }
        Ok(Self { id, directory })
    }

    /// signac's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Begins a run: a new directory below `artifacts/<pipeline>/`.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when it cannot be made.
    pub fn begin_run(&self, pipeline: &str, runner: &str) -> Result<RunDirectory, WorkspaceError> {
        RunDirectory::begin(&self.directory.join("artifacts").join(pipeline), runner)
    }
}
