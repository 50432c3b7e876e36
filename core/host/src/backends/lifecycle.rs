//! Keeps the status of a job while its work runs.

use std::{fmt, path::PathBuf, thread};

use protea_tracking::{Run, RunStatus, Tracker, log::clear_open_marker};

use super::{Connection, Tracking, binding};
use crate::workspace::{Job, Workspace, WorkspaceError};

/// Runs the work of a job and records the status in its document: `running`, then `finished`, or
/// `failed` with the error. A panic is `failed`. If the process vanishes, the next command records
/// `killed`. The bound run, or a run in the event log only, gets the same status.
///
/// ```
/// use protea_core::{Workspace, backends::run_lifecycle, workspace::{Status, WorkspaceError}};
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
/// The error of `work`; [`WorkspaceError`] when the document or the event log cannot be written, or
/// the bound tracker cannot be used.
pub fn run_lifecycle<T, E>(job: &Job, work: impl FnOnce() -> Result<T, E>) -> Result<T, E>
where
    E: From<WorkspaceError> + fmt::Display,
{
    let tracking = match binding::current_binding(job, Connection::Online)? {
        Some(bound) => Tracking::default()
            .with_binding(&bound)
            .map_err(WorkspaceError::from)?,
        None => Tracking::default(),
    };
    run_lifecycle_tracked(job, &tracking, |_| RunStatus::Failed, work)
}

/// As [`run_lifecycle`], with the backends of `tracking`. `judge` decides whether an error means
/// `failed` or `killed`.
///
/// # Errors
///
/// As [`run_lifecycle`].
pub fn run_lifecycle_tracked<T, E>(
    job: &Job,
    tracking: &Tracking,
    judge: impl FnOnce(&E) -> RunStatus,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E>
where
    E: From<WorkspaceError> + fmt::Display,
{
    let mut lifecycle = Lifecycle::begin(job, tracking)?;
    match work() {
        Ok(value) => {
            lifecycle.end(RunStatus::Finished, None)?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the cause, so it is returned.
            let _ = lifecycle.end(judge(&error), Some(error.to_string()));
            Err(error)
        }
    }
}

/// Dropped before its end, such as in a panic, it ends as failed.
struct Lifecycle<'a> {
    job: &'a Job,
    run: Run,
    open_runs: PathBuf,
    ended: bool,
}

impl<'a> Lifecycle<'a> {
    fn begin(job: &'a Job, tracking: &Tracking) -> Result<Self, WorkspaceError> {
        let bound = job.document()?.tracker;
        let mut start = binding::run_start(job, bound.as_ref())?;
        start.offline = tracking.connection == Connection::Offline;
        if let Some(bound) = &bound {
            start = start.with_id(&bound.log);
        }
        let workspace = Workspace::at(job.workspace())?;
        let run = tracking.tracker(&workspace, job)?.start_run(start)?;
        job.update_document(|document| {
            document.status = Some(RunStatus::Running);
            document.error = None;
            document.run = Some(run.id().clone());
        })?;
        Ok(Self {
            job,
            run,
            open_runs: workspace.open_runs(),
            ended: false,
        })
    }

    fn end(&mut self, status: RunStatus, error: Option<String>) -> Result<(), WorkspaceError> {
        self.ended = true;
        let tracked = match (&error, status) {
            (Some(reason), RunStatus::Killed) => self.run.kill(reason),
            (Some(error), _) => self.run.fail(error),
            (None, _) => self.run.finish(status),
        };
        self.job.update_document(|document| {
            document.status = Some(status);
            document.error = error;
        })?;
        tracked?;
        // If the process dies before this, the next command does it.
        Ok(clear_open_marker(&self.open_runs, self.run.id())?)
    }
}

impl Drop for Lifecycle<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let reason = if thread::panicking() {
                "the program panicked"
            } else {
                "the program dropped the job before it was finished"
            };
            // The error cannot be returned from `drop`.
            let _ = self.end(RunStatus::Failed, Some(reason.to_owned()));
        }
    }
}
