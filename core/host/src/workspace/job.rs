//! A job: the directory of one state point.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{JobId, RunDirectory, WorkspaceError, state_point::job_id};
use crate::store::{StoreError, write_atomic};

const STATE_POINT: &str = "signac_statepoint.json";

/// A job of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    id: JobId,
    directory: PathBuf,
}

impl Job {
    pub(super) fn open(
        workspace: &Path,
        state_point: &Map<String, Value>,
    ) -> Result<Self, WorkspaceError> {
        let id = job_id(state_point)?;
        let directory = workspace.join("workspace").join(id.as_str());
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

    /// The job in a directory that is one.
    pub(crate) fn at(directory: &Path) -> Self {
        let id = directory.file_name().unwrap_or_default().to_string_lossy();
        Self {
            id: JobId::from_name(id),
            directory: directory.to_owned(),
        }
    }

    /// The workspace that it is in.
    pub(crate) fn workspace(&self) -> &Path {
        // <workspace>/workspace/<job_id>
        let workspace = self.directory.ancestors().nth(2);
        workspace.unwrap_or(&self.directory)
    }

    /// signac's id.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the event logs of its runs are.
    #[must_use]
    pub fn tracker_log(&self) -> PathBuf {
        Self::tracker_log_in(&self.directory)
    }

    pub(super) fn tracker_log_in(directory: &Path) -> PathBuf {
        directory.join("tracker_log")
    }

    /// What the job is known by.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::StatePointUnreadable`].
    pub fn state_point(&self) -> Result<Map<String, Value>, WorkspaceError> {
        let path = self.directory.join(STATE_POINT);
        fs::read(&path)
            .and_then(|bytes| Ok(serde_json::from_slice(&bytes)?))
            .map_err(|source| WorkspaceError::StatePointUnreadable { path, source })
    }

    pub(super) fn find(workspace: &Path, text: &str) -> Result<Self, WorkspaceError> {
        let directories = directories(workspace)?;
        let named = |directory: &&PathBuf| {
            let id = directory.file_name().unwrap_or_default().to_string_lossy();
            !text.is_empty() && id.starts_with(text)
        };
        let here = Path::new(text).canonicalize().ok();
        let same = directories
            .iter()
            .find(|directory| here.is_some() && directory.canonicalize().ok() == here);
        let mut found = directories.iter().filter(named);
        let reason = match (same.or_else(|| found.next()), found.count()) {
            (Some(directory), 0) => return Ok(Self::at(directory)),
            (Some(_), others) => format!("{} ids begin so; give more of it", others + 1),
            (None, _) => format!("none of its {} jobs has that id", directories.len()),
        };
        Err(WorkspaceError::NoJob {
            workspace: workspace.to_owned(),
            id: text.to_owned(),
            reason,
        })
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

/// The directories of all jobs, sorted.
pub(super) fn directories(workspace: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let jobs = workspace.join("workspace");
    let entries = match fs::read_dir(&jobs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::read(&jobs)(error)),
    };
    let is_job = |path: &PathBuf| {
        let id = path.file_name().unwrap_or_default().as_encoded_bytes();
        id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit)
    };
    let mut directories: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_job)
        .collect();
    directories.sort();
    Ok(directories)
}
