//! Closes the runs of processes that vanished.

use jiff::Timestamp;
use protea_contracts::Level;
use protea_tracking::log::{ClosedRun, close_vanished};

use super::{Job, RunDirectory, RunManifest, Status, Workspace};

const REASON: &str = "the process that ran it vanished";

/// Closes what vanished processes left open, in the event log, the manifest and the run's log.
/// What cannot be closed now is left to the next command.
pub(super) fn close(workspace: &Workspace) {
    for run in close_vanished(&workspace.open_runs()).unwrap_or_default() {
        // `<job>/tracker_log/<run_id>/events.jsonl`
        let Some(job) = run.log.ancestors().nth(3) else {
            continue;
        };
        match RunDirectory::find(job, &run.run_id) {
            Some(directory) => close_directory(&directory),
            None => close_job(&Job::at(job), &run),
        }
    }
}

/// The run of a job's lifecycle has no directory of its own.
fn close_job(job: &Job, run: &ClosedRun) {
    // Another command may have done it meanwhile, to the same end.
    let _ = job.update_document(|document| {
        if document.run.as_ref() == Some(&run.run_id) {
            document.status = Some(Status::Killed);
            document.error = Some(REASON.to_owned());
        }
    });
}

fn close_directory(directory: &RunDirectory) {
    let Ok(mut manifest) = RunManifest::read(directory.path()) else {
        return;
    };
    if manifest.status != Status::Running {
        return;
    }
    manifest.status = Status::Killed;
    manifest.finished = Some(Timestamp::now());
    manifest.error = Some(REASON.to_owned());
    for step in &mut manifest.steps {
        if step.status == Status::Running {
            step.status = Status::Killed;
        }
    }
    // As above.
    let _ = directory.write_manifest(&manifest);
    if let Ok(log) = directory.reopen_log(&manifest.pipeline) {
        log.line(Level::Error, "-", &format!("Run killed: {REASON}"));
    }
}
