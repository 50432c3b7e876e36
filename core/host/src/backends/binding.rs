//! Binds a job to a run of a tracker, so that each can be found from the other.

use std::path::Path;

use protea_tracking::{
    RunId, RunReference, RunStart, Tracker,
    log::{EventLog, FILE_NAME, clear_open_marker},
    sync_run,
};
use serde_json::{Value, json};

use super::{Backend, Connection, Tracking};
use crate::workspace::{Job, TrackerBinding, Workspace, WorkspaceError};

/// What [`bind_tracker`] does with a job that is bound already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfBound {
    /// Keeps the binding if it has the same backend and project; otherwise it is an error.
    Keep,
    /// Replaces the binding.
    Replace,
}

/// Binds a job to a new run of the backend with this name. The job's document then names the run,
/// and the run's configuration holds the ids of the job, its experiment and its hypothesis.
///
/// # Errors
///
/// [`WorkspaceError::Bound`] when it is bound to another one and `if_bound` is [`IfBound::Keep`];
/// [`WorkspaceError::Tracker`] when the backend cannot be used.
pub fn bind_tracker(
    workspace: &Workspace,
    job: &Job,
    name: &str,
    project: Option<&str>,
    connection: Connection,
    if_bound: IfBound,
) -> Result<TrackerBinding, WorkspaceError> {
    if let Some(bound) = job.document()?.tracker
        && if_bound == IfBound::Keep
    {
        if bound.backend == name && bound.project.as_deref() == project {
            return Ok(bound);
        }
        return Err(WorkspaceError::Bound {
            job: job.id().to_string(),
            backend: bound.backend,
            run_id: bound.run_id,
        });
    }
    let offline = connection == Connection::Offline;
    let mut start = run_start(job, None)?;
    start.offline = offline;
    start.project = project.map(str::to_owned);
    let backend = Backend::from_name(name, connection)?;
    let place = backend.tracker(job.directory())?;
    place.check_start(&start)?;
    // An offline run gets the server's id when it is sent.
    let deferred = offline && place.is_remote();
    // If the run is sent right here, a second thread that sends it would interfere.
    let tracking = if deferred {
        Tracking::default().with_backend(backend)
    } else {
        Tracking::default()
    };
    let tracker = tracking.tracker(workspace, job)?;
    tracker.start_run(start.clone())?.suspend()?;
    let reference = if deferred {
        None
    } else {
        match sync_run(&tracker.log().log_path(&start.run_id), place) {
            Ok(synced) => synced.reference,
            Err(error) => {
                abandon(workspace, &tracker, start)?;
                return Err(error.into());
            }
        }
    };
    let RunReference { run_id, url } = reference.unwrap_or_else(|| RunReference {
        run_id: start.run_id.to_string(),
        url: None,
    });
    let binding = TrackerBinding {
        backend: name.to_owned(),
        run_id,
        url,
        project: start.project,
        group: start.group,
        offline,
        log: start.run_id,
    };
    job.update_document(|document| document.tracker = Some(binding.clone()))?;
    Ok(binding)
}

/// Ends a run that its backend did not accept completely, so that no process resumes it.
fn abandon(
    workspace: &Workspace,
    tracker: &dyn Tracker,
    start: RunStart,
) -> Result<(), WorkspaceError> {
    let run = tracker.start_run(start)?;
    run.fail("the job could not be bound to it")?;
    Ok(clear_open_marker(&workspace.open_runs(), run.id())?)
}

/// The binding of a job for work that starts now. If the bound run has ended, the job is bound to a
/// new run of the same backend and project.
///
/// # Errors
///
/// As [`bind_tracker`].
pub fn current_binding(
    job: &Job,
    connection: Connection,
) -> Result<Option<TrackerBinding>, WorkspaceError> {
    let Some(bound) = job.document()?.tracker else {
        return Ok(None);
    };
    let log = job.tracker_log().join(&bound.log).join(FILE_NAME);
    if !log.exists() || !EventLog::open(log)?.has_end() {
        return Ok(Some(bound));
    }
    let workspace = Workspace::at(job.workspace())?;
    let connection = if bound.offline {
        Connection::Offline
    } else {
        connection
    };
    bind_tracker(
        &workspace,
        job,
        &bound.backend,
        bound.project.as_deref(),
        connection,
        IfBound::Replace,
    )
    .map(Some)
}

/// Records the backend's id of a run that was bound offline, after it was sent.
pub(super) fn remember(
    job: &Path,
    run_id: &RunId,
    reference: &RunReference,
) -> Result<(), WorkspaceError> {
    let job = Job::at(job);
    let of_run = |bound: &TrackerBinding| bound.log == *run_id && bound.run_id != reference.run_id;
    if !job.document()?.tracker.as_ref().is_some_and(of_run) {
        return Ok(());
    }
    job.update_document(|document| {
        if let Some(bound) = document.tracker.as_mut().filter(|bound| of_run(bound)) {
            bound.run_id.clone_from(&reference.run_id);
            bound.url.clone_from(&reference.url);
        }
    })
    .map(drop)
}

/// The start of a job's run, as trackers receive it.
pub(super) fn run_start(
    job: &Job,
    bound: Option<&TrackerBinding>,
) -> Result<RunStart, WorkspaceError> {
    let state_point = job.state_point()?;
    let text = |key: &str| match state_point.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
    };
    let parts = ["hypothesis", "experiment", "condition"].map(text);
    let group: Vec<String> = parts.into_iter().flatten().collect();
    let group = (!group.is_empty()).then(|| group.join("/"));
    let name = group.clone().unwrap_or_else(|| job.id().to_string());
    let mut start = RunStart::new(name)
        .with_kind("job")
        .with_config("job", job.id().as_str())
        .with_config("state_point", json!(state_point));
    for key in ["experiment", "hypothesis"] {
        if let Some(value) = state_point.get(key) {
            start = start.with_config(key, value.clone());
        }
    }
    start.group = group;
    if let Some(bound) = bound {
        start.project.clone_from(&bound.project);
        start.group.clone_from(&bound.group);
        start.offline = bound.offline;
    }
    Ok(start)
}
