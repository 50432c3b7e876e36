//! Where the workspace keeps what is neither a job nor a run.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for a lock of the workspace. Processes hold them for milliseconds.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// The directory of everything here.
pub(super) fn own(workspace: &Path) -> PathBuf {
    workspace.join(".protea")
}

/// The markers of open runs.
pub(super) fn open_runs(workspace: &Path) -> PathBuf {
    own(workspace).join("open")
}

/// The jobs that are being created.
pub(super) fn new_jobs(workspace: &Path) -> PathBuf {
    own(workspace).join("new-jobs")
}
