//! Binding a job to a run of a tracker, so that either can be found from the other.

use std::path::Path;

use protea_tracking::{
    RunReference, RunStart, Tracker,
    log::{EventLog, FILE_NAME, clear_open_marker},
    sync_run,
};
use serde_json::{Value, json};

use super::{Backend, Tracking};
use crate::workspace::{Job, TrackerBinding, Workspace, WorkspaceError};

/// Binds a job to a run of the backend with this name, begun now: the job's document says which run it is, and the
/// run's configuration carries the ids of the job, its experiment and its hypothesis. What the job
/// is bound to already stays, if it is the same backend and project.
///
/// # Errors
///
/// [`WorkspaceError::Bound`] when it is bound to another and `rebind` is false;
/// [`WorkspaceError::Tracker`] when the backend cannot be used.
pub fn bind_tracker(
    workspace: &Workspace,
    job: &Job,
    name: &str,
    project: Option<&str>,
    offline: bool,
    rebind: bool,
) -> Result<TrackerBinding, WorkspaceError> {
    if let Some(bound) = job.document()?.tracker
        && !rebind
    {
        if bound.backend == name && bound.project.as_deref() == project {
            return Ok(bound);
        }
        return Err(WorkspaceError::Bound {
            job: job.id().to_owned(),
            backend: bound.backend,
            run_id: bound.run_id,
        });
    }
    let mut start = run_start(job, None)?;
    start.offline = offline;
    start.project = project.map(str::to_owned);
    let backend = Backend::named(name, offline)?;
    let place = backend.tracker(job.directory())?;
    place.check_start(&start)?;
    // An offline run gets the server's id when it is sent.
    let deferred = offline && place.is_remote();
    // What is sent here and now needs no thread to feed it, which would be in the way.
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
        run_id: start.run_id.clone(),
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

/// Ends a run that its backend did not take whole, so that it goes on nowhere.
fn abandon(
    workspace: &Workspace,
    tracker: &dyn Tracker,
    start: RunStart,
) -> Result<(), WorkspaceError> {
    let run = tracker.start_run(start)?;
    run.fail("the job could not be bound to it")?;
    Ok(clear_open_marker(&workspace.open_runs(), run.id())?)
}

/// What a job is bound to, for the work that begins now. A run that has ended is over: the job is
/// bound to a new one at the same place.
///
/// # Errors
///
/// As [`bind_tracker`].
pub fn current(job: &Job, offline: bool) -> Result<Option<TrackerBinding>, WorkspaceError> {
    let Some(bound) = job.document()?.tracker else {
        return Ok(None);
    };
    let log = job.tracker_log().join(&bound.log).join(FILE_NAME);
    if !log.exists() || !EventLog::open(log)?.has_end() {
        return Ok(Some(bound));
    }
    let workspace = Workspace::at(job.workspace())?;
    let (project, offline) = (bound.project.as_deref(), offline || bound.offline);
    bind_tracker(&workspace, job, &bound.backend, project, offline, true).map(Some)
}

/// A run that was bound offline has the backend's id once it was sent: the document says so.
pub(super) fn remember(
    job: &Path,
    run_id: &str,
    reference: &RunReference,
) -> Result<(), WorkspaceError> {
    let job = Job::at(job);
    let of_run = |bound: &TrackerBinding| bound.log == run_id && bound.run_id != reference.run_id;
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

/// What trackers are told of a job.
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
    let name = group.clone().unwrap_or_else(|| job.id().to_owned());
    let mut start = RunStart::new(name)
        .with_kind("job")
        .with_config("job", job.id())
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
