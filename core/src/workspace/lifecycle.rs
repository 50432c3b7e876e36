//! A job's status while work is done for it.

use std::{fmt, thread};

use protea_tracking::RunStatus;

use super::{Job, WorkspaceError};

/// Does the work of a job, and keeps its status in its document: `running` while `work` goes on,
/// then `finished`, or `failed` with the error's text; `failed` also when `work` panics.
///
/// ```
/// use protea_core::{Workspace, workspace::{Status, WorkspaceError, run_lifecycle}};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let state_point = serde_json::json!({ "experiment": "E018", "seed": 0 });
/// let job = Workspace::open(directory)?.job(state_point.as_object().unwrap())?;
/// let answer = run_lifecycle(&job, || Ok::<_, WorkspaceError>(42))?;
/// assert_eq!(answer, 42);
/// assert_eq!(job.document()?.status, Some(Status::Finished));
/// # Ok::<(), WorkspaceError>(())
/// ```
///
/// # Errors
///
/// What `work` returns; [`WorkspaceError`] when the document cannot be kept.
pub fn run_lifecycle<T, E>(job: &Job, work: impl FnOnce() -> Result<T, E>) -> Result<T, E>
where
    E: From<WorkspaceError> + fmt::Display,
{
    set(job, RunStatus::Running, None)?;
    let guard = Guard(job);
    let result = work();
    std::mem::forget(guard);
    match result {
        Ok(value) => {
            set(job, RunStatus::Finished, None)?;
            Ok(value)
        }
        Err(error) => {
            // What went wrong first is what the caller needs to know.
            let _ = set(job, RunStatus::Failed, Some(error.to_string()));
            Err(error)
        }
    }
}

fn set(job: &Job, status: RunStatus, error: Option<String>) -> Result<(), WorkspaceError> {
    job.update_document(|document| {
        document.status = Some(status);
        document.error = error;
    })
    .map(drop)
}

struct Guard<'a>(&'a Job);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = "the program panicked".to_owned();
            let _ = set(self.0, RunStatus::Failed, Some(reason));
        }
    }
}
