//! Runs that the backends do not have completely.

use std::{fs, path::PathBuf};

use protea_tracking::{Cursor, TrackerError, cursors, log::FILE_NAME};

use super::{Job, Workspace, WorkspaceError};
use crate::store::StoreError;

/// A run that a backend does not have whole.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Unsynced {
    /// The run.
    pub run_id: String,
    /// The directory of its job.
    pub job: PathBuf,
    /// Its event log.
    pub log: PathBuf,
    /// The backend, and how far it got.
    pub cursor: Cursor,
}

/// The runs of a workspace that a backend does not have whole, oldest first, so that parents come
/// before their children. The second value lists what cannot be read.
///
/// # Errors
///
/// [`WorkspaceError::Store`] when the workspace cannot be read.
pub fn unsynced(
    workspace: &Workspace,
) -> Result<(Vec<Unsynced>, Vec<TrackerError>), WorkspaceError> {
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for job in workspace.job_directories()? {
        let logs = Job::tracker_log_in(&job);
        let entries = match fs::read_dir(&logs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::read(&logs)(error).into()),
        };
        for entry in entries.flatten() {
            let log = entry.path().join(FILE_NAME);
            if !protea_files::is_regular(&log) {
                continue;
            }
            let mut incomplete = || -> Result<(), TrackerError> {
                for cursor in cursors(&log)? {
                    if !cursor.is_complete(&log)? {
                        runs.push(Unsynced {
                            run_id: entry.file_name().to_string_lossy().into_owned(),
                            job: job.clone(),
                            log: log.clone(),
                            cursor,
                        });
                    }
                }
                Ok(())
            };
            if let Err(error) = incomplete() {
                unreadable.push(error);
            }
        }
    }
    // Ids begin with the time.
    runs.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    Ok((runs, unreadable))
}
