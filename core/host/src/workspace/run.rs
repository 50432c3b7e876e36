//! A run's directory and its manifest file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protea_tracking::{RunId, TrackerError};

use super::{
    RunLog, WorkspaceError, leftovers,
    manifest::{RUN_MANIFEST, RunManifest},
    run_id::new_run_id,
};
use crate::store::{StoreError, write_atomic};

/// The directory of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    id: RunId,
    path: PathBuf,
}

impl RunDirectory {
    /// `announce` records that there will be a run with this id: the next command then removes the
    /// directory if this process ends before it writes a manifest.
    pub(super) fn begin(
        pipeline: &Path,
        runner: &str,
        announce: impl Fn(&RunId) -> Result<(), TrackerError>,
    ) -> Result<Self, WorkspaceError> {
        fs::create_dir_all(pipeline).map_err(StoreError::write(pipeline))?;
        loop {
            let id = new_run_id(runner).map_err(StoreError::write(pipeline))?;
            let path = pipeline.join(&id);
            if path.exists() {
                continue;
            }
            announce(&id)?;
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { id, path }),
                // Another process drew the same id in the same second.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::write(&path)(error).into()),
            }
        }
    }

    /// As [`begin`](Self::begin), with an id that was chosen before.
    pub(super) fn begin_as(
        pipeline: &Path,
        id: RunId,
        announce: impl Fn(&RunId) -> Result<(), TrackerError>,
    ) -> Result<Self, WorkspaceError> {
        fs::create_dir_all(pipeline).map_err(StoreError::write(pipeline))?;
        let path = pipeline.join(&id);
        announce(&id)?;
        fs::create_dir(&path).map_err(StoreError::write(&path))?;
        Ok(Self { id, path })
    }

    /// The directory of a run in a job.
    pub(super) fn find(job: &Path, id: &RunId) -> Option<Self> {
        let pipelines = fs::read_dir(job.join("artifacts")).ok()?;
        let mut paths = pipelines.flatten().map(|entry| entry.path().join(id));
        paths
            .find(|path| protea_files::is_directory(path))
            .map(|path| Self {
                id: id.clone(),
                path,
            })
    }

    /// The manifest of a run of a job, if it has a readable one.
    pub(crate) fn manifest(job: &Path, id: &RunId) -> Option<RunManifest> {
        RunManifest::read(Self::find(job, id)?.path()).ok()
    }

    pub(super) fn has_manifest(&self) -> bool {
        protea_files::is_regular(&self.path.join(RUN_MANIFEST))
    }

    /// Removes the directory of a run that has no manifest. Does nothing if there are other files
    /// than those that an interrupted write leaves.
    pub(crate) fn discard(&self) {
        if !self.has_manifest() {
            leftovers::remove(&self.path);
            // Fails if there is anything else.
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// Removes what an interrupted runner left: temporary files, and directories without any.
    pub(crate) fn remove_leftovers(&self) {
        leftovers::remove(&self.path);
    }

    /// The run's id: time, runner, and six random hexadecimal digits. Ids sort by time.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the run's log, `logs/run.log`.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`].
    pub fn begin_log(&self, pipeline: &str) -> Result<RunLog, WorkspaceError> {
        Ok(RunLog::create(&self.path, pipeline, &self.id)?)
    }

    /// Continues the run's log.
    pub(super) fn reopen_log(&self, pipeline: &str) -> Result<RunLog, WorkspaceError> {
        Ok(RunLog::append(&self.path, pipeline, &self.id)?)
    }

    /// Writes the manifest; a reader sees the one before or this one, whole.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`].
    pub fn write_manifest(&self, manifest: &RunManifest) -> Result<(), WorkspaceError> {
        let mut text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| StoreError::write(&self.path)(error.into()))?;
        text.push(b'\n');
        write_atomic(&self.path.join(RUN_MANIFEST), &text)?;
        Ok(())
    }
}
