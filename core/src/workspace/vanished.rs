//! Closes the runs of processes that vanished.

use jiff::Timestamp;
use protea_contracts::Level;
use protea_tracking::log::{ClosedRun, close_vanished};

use super::{RunDirectory, RunManifest, Status, Workspace};

const REASON: &str = "the process that ran it vanished";

/// Closes what vanished processes left open, in the event log, the manifest and the run's log.
/// What cannot be closed now is left to the next command.
pub(super) fn close(workspace: &Workspace) {
    for run in close_vanished(&workspace.open_runs()).unwrap_or_default() {
        if let Some(directory) = directory_of(&run) {
            close_directory(&directory);
        }
    }
}

/// `<job>/tracker_log/<run_id>/events.jsonl` belongs to `<job>/artifacts/<pipeline>/<run_id>`.
fn directory_of(run: &ClosedRun) -> Option<RunDirectory> {
    let job = run.log.ancestors().nth(3)?;
    RunDirectory::find(job, &run.run_id)
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
    // Another command may have done it meanwhile, to the same end.
    let _ = directory.write_manifest(&manifest);
    if let Ok(log) = directory.reopen_log(&manifest.pipeline) {
        log.line(Level::Error, "-", &format!("Run killed: {REASON}"));
    }
}
