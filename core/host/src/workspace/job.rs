//! A job: the directory of one state point.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use protea_tracking::{
    RunId,
    log::{FILE_NAME as LOG_FILE, announce_run},
};
use serde_json::{Map, Value};

use super::{
    JobId, RunDirectory, WorkspaceError, new_jobs::NewJobs, places::open_runs, state_point::job_id,
};
use crate::store::{StoreError, sync_directory, write_atomic};

pub(crate) const STATE_POINT: &str = "signac_statepoint.json";

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
        let job = Self { id, directory };
        if !job.has_its_state_point()? {
            job.create(workspace, state_point)?;
        }
        Ok(job)
    }

    /// False if it has none.
    fn has_its_state_point(&self) -> Result<bool, WorkspaceError> {
        let path = self.directory.join(STATE_POINT);
        let bytes = match protea_files::read_document(&path).map_err(std::io::Error::from) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(WorkspaceError::StatePointUnreadable { path, source }),
        };
        let found = serde_json::from_slice::<Map<String, Value>>(&bytes).ok();
        let found_id = found.and_then(|found| job_id(&found).ok());
        if found_id.is_some_and(|found| found == self.id) {
            Ok(true)
        } else {
            Err(WorkspaceError::OtherStatePoint { path })
        }
    }

    /// Writes the state point into a directory elsewhere in the workspace, which then gets the name
    /// of the job: signac refuses the whole workspace if a job has no state point, also if a process
    /// was killed, or the disk was full, just before it wrote one.
    fn create(
        &self,
        workspace: &Path,
        state_point: &Map<String, Value>,
    ) -> Result<(), WorkspaceError> {
        let jobs = workspace.join("workspace");
        fs::create_dir_all(&jobs).map_err(StoreError::write(&jobs))?;
        let new_jobs = NewJobs::lock(workspace)?;
        let text = Value::Object(state_point.clone()).to_string();
        let staged = new_jobs.directory()?;
        let created = write_atomic(&staged.join(STATE_POINT), text.as_bytes())
            // Replaces an empty directory.
            .and_then(|()| match fs::rename(&staged, &self.directory) {
                Ok(()) => sync_directory(&jobs).map_err(StoreError::write(&jobs)),
                Err(error) if is_occupied(&error) => self.complete(&text),
                Err(error) => Err(StoreError::write(&self.directory)(error)),
            });
        // Nothing is there any more if it was renamed.
        let _ = fs::remove_dir_all(&staged);
        Ok(created?)
    }

    /// The directory is there, and has files: another process made the job in this moment, or the
    /// state point is missing.
    fn complete(&self, text: &str) -> Result<(), StoreError> {
        let path = self.directory.join(STATE_POINT);
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        write_atomic(&path, text.as_bytes())
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
        protea_files::read_document(&path)
            .map_err(std::io::Error::from)
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
            (Some(_), others) => format!(
                "{} ids begin like this; give more characters of the id",
                others + 1
            ),
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
        let pipeline = self.directory.join("artifacts").join(pipeline);
        RunDirectory::begin(&pipeline, runner, |id| {
            let log = self.tracker_log().join(id).join(LOG_FILE);
            announce_run(&open_runs(self.workspace()), id, &log)
        })
    }

    /// As [`begin_run`](Self::begin_run), with an id that was chosen before.
    pub(crate) fn begin_run_as(
        &self,
        pipeline: &str,
        id: &RunId,
    ) -> Result<RunDirectory, WorkspaceError> {
        let pipeline = self.directory.join("artifacts").join(pipeline);
        RunDirectory::begin_as(&pipeline, id.clone(), |id| {
            let log = self.tracker_log().join(id).join(LOG_FILE);
            announce_run(&open_runs(self.workspace()), id, &log)
        })
    }
}

fn is_occupied(error: &io::Error) -> bool {
    // Some file systems give EEXIST, and a file in place of the directory gives ENOTDIR.
    matches!(
        error.kind(),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
    )
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
