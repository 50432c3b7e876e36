//! Runs that the backends do not have completely.

use std::{fs, path::PathBuf};

use protea_tracking::{Cursor, RunId, TrackerError, cursor_files, log::FILE_NAME};

use super::{Job, Workspace, WorkspaceError};
use crate::store::StoreError;

/// A run that a backend does not have whole.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Unsynced {
    /// The run.
    pub run_id: RunId,
    /// The directory of its job.
    pub job: PathBuf,
    /// Its event log.
    pub log: PathBuf,
    /// The backend, and how far it got.
    pub cursor: Cursor,
    /// Whether only events are missing that the backend has refused so far.
    pub lacks_refused_only: bool,
}

/// A run of which it is unknown what a backend has.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnknownProgress {
    /// The run.
    pub run_id: RunId,
    /// The directory of its job.
    pub job: PathBuf,
    /// Its event log.
    pub log: PathBuf,
    /// The backend; none if it is not known which backends the run goes to.
    pub backend: Option<String>,
    /// What cannot be read.
    pub error: TrackerError,
}

/// What the backends lack of the runs of a workspace, oldest first, so that parents come before
/// their children.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Backlog {
    /// The runs that a backend does not have whole.
    pub unsynced: Vec<Unsynced>,
    /// The runs of which this cannot be said.
    pub unknown: Vec<UnknownProgress>,
}

/// The runs of a workspace that a backend does not have whole.
///
/// # Errors
///
/// [`WorkspaceError::Store`] when the workspace cannot be read.
pub fn unsynced(workspace: &Workspace) -> Result<Backlog, WorkspaceError> {
    let mut backlog = Backlog::default();
    for job in workspace.job_directories()? {
        let logs = Job::tracker_log_in(&job);
        let entries = match fs::read_dir(&logs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::read(&logs)(error).into()),
        };
        for entry in entries.flatten() {
            let log = entry.path().join(FILE_NAME);
            let run_id = entry.file_name().to_string_lossy().into_owned().into();
            if protea_files::is_regular(&log) {
                backlog.add(run_id, job.clone(), log);
            }
        }
    }
    // Ids begin with the time.
    backlog.unsynced.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    backlog.unknown.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    Ok(backlog)
}

impl Backlog {
    fn add(&mut self, run_id: RunId, job: PathBuf, log: PathBuf) {
        let mut unknown = |backend: Option<String>, error| {
            self.unknown.push(UnknownProgress {
                run_id: run_id.clone(),
                job: job.clone(),
                log: log.clone(),
                backend,
                error,
            });
        };
        let files = match cursor_files(&log) {
            Ok(files) => files,
            Err(error) => return unknown(None, error),
        };
        for file in files {
            let incomplete = file
                .cursor
                .and_then(|cursor| Ok((cursor.is_complete(&log)?, cursor)));
            match incomplete {
                Ok((true, cursor)) if cursor.refused_events() == 0 => {}
                Ok((is_complete, cursor)) => self.unsynced.push(Unsynced {
                    run_id: run_id.clone(),
                    job: job.clone(),
                    log: log.clone(),
                    cursor,
                    lacks_refused_only: is_complete,
                }),
                Err(error) => unknown(Some(file.backend), error),
            }
        }
    }
}
