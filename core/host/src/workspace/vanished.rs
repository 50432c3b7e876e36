//! Closes runs whose process vanished, or could not record the end everywhere.

use std::{fs, path::Path};

use protea_contracts::Level;
use protea_tracking::{
    RunId, TrackerError,
    log::{ClosedRun, RunEnd, clear_open_marker, close_vanished, never_begun},
};

use super::{
    Job, NO_STEP, RunDirectory, RunManifest, Status, Workspace, WorkspaceError, leftovers,
};

/// Closes the open runs of vanished processes: in the event log, then in the manifest and the run's
/// log, or in the job's document. The marker of a run is removed last, so that the next command
/// repeats what was interrupted. Returns the errors.
pub(super) fn close(workspace: &Workspace) -> Vec<TrackerError> {
    let open_runs = workspace.open_runs();
    for (run_id, log) in never_begun(&open_runs) {
        discard(&run_id, &log);
    }
    let (closed, mut failures) = close_vanished(&open_runs, end_in_manifest);
    for run in closed {
        let Some(job) = job_of(&run.log) else {
            continue;
        };
        leftovers::remove_in_job(job, &run.log);
        let settled =
            bring_to_end(job, &run).and_then(|()| Ok(clear_open_marker(&open_runs, &run.run_id)?));
        if let Err(error) = settled {
            failures.push(match error {
                WorkspaceError::Tracker(error) => error,
                error => TrackerError::Refused {
                    backend: "the workspace".to_owned(),
                    what: format!("the end of the run {}", run.run_id),
                    reason: protea_contracts::error::with_causes(&error),
                },
            });
        }
    }
    failures
}

/// The job of a log: it is `<job>/tracker_log/<run_id>/events.jsonl`.
fn job_of(log: &Path) -> Option<&Path> {
    log.ancestors().nth(3)
}

/// Removes what there is of a run whose process vanished before it wrote the first event.
fn discard(run_id: &RunId, log: &Path) {
    if let Some(directory) = job_of(log).and_then(|job| RunDirectory::find(job, run_id)) {
        directory.discard();
    }
    let is_empty = log.metadata().is_ok_and(|log| log.len() == 0);
    if is_empty {
        let _ = fs::remove_file(log);
    }
    // Fails if there is anything else.
    let _ = log.parent().map(fs::remove_dir);
}

/// The end of a run whose process vanished after it wrote the manifest and before it wrote the log.
fn end_in_manifest(log: &Path) -> Option<RunEnd> {
    let run_id = log.parent()?.file_name()?.to_str()?;
    let directory = RunDirectory::find(job_of(log)?, &run_id.into())?;
    let manifest = RunManifest::read(directory.path()).ok()?;
    (manifest.status != Status::Running).then(|| RunEnd::new(manifest.status, manifest.error))
}

fn bring_to_end(job: &Path, run: &ClosedRun) -> Result<(), WorkspaceError> {
    match RunDirectory::find(job, &run.run_id) {
        Some(directory) => close_directory(&directory, run),
        // The run of a job's lifecycle has no directory.
        None => close_job(&Job::at(job), run),
    }
}

fn close_job(job: &Job, run: &ClosedRun) -> Result<(), WorkspaceError> {
    if job.document()?.run.as_ref() != Some(&run.run_id) {
        return Ok(());
    }
    job.update_document(|document| {
        if document.run.as_ref() == Some(&run.run_id) {
            document.status = Some(run.status);
            document.error.clone_from(&run.error);
        }
    })
    .map(drop)
}

fn close_directory(directory: &RunDirectory, run: &ClosedRun) -> Result<(), WorkspaceError> {
    if !directory.has_manifest() {
        // The process ended before it wrote anything about the run.
        directory.discard();
        return Ok(());
    }
    leftovers::remove(directory.path());
    let mut manifest = RunManifest::read(directory.path())?;
    if manifest.status != Status::Running {
        return Ok(());
    }
    manifest.status = run.status;
    manifest.finished = Some(protea_tracking::now());
    manifest.error.clone_from(&run.error);
    for step in &mut manifest.steps {
        if step.status == Status::Running {
            step.status = run.status;
        }
    }
    directory.write_manifest(&manifest)?;
    // The manifest is the record; the log is for people, so errors are ignored.
    if let Ok(log) = directory.reopen_log(&manifest.pipeline) {
        let (level, reason) = match &run.error {
            Some(reason) => (Level::Error, format!(": {reason}")),
            None => (Level::Info, String::new()),
        };
        log.line(level, NO_STEP, &format!("Run {}{reason}", run.status));
    }
    Ok(())
}
