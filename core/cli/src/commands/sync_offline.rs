//! `protea sync-offline`.

use std::{path::Path, time::Duration};

use protea_core::{
    Workspace,
    backends::{recover, sync},
    tracking::{
        IfMissing, OfflineRun, SyncOptions, SyncOutcome, SyncReport, TrackerError,
        find_offline_runs, sync_offline_runs,
    },
    workspace::{Backlog, unsynced},
};
use serde_json::{Value, json};

use super::{refusals, runs};
use crate::{
    args::SyncOfflineArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, relative_to},
};

/// Uploads the offline runs of W&B with its official client.
pub fn run(args: &SyncOfflineArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = Workspace::at(runs::existing(&args.workspace)?)?;
    let incomplete = if args.dry_run {
        0
    } else {
        complete(&workspace, reporter)?
    };
    let jobs = workspace.directory().join("workspace");
    let runs = offline_runs(&jobs)?;
    let options = SyncOptions {
        program: args.wandb.clone(),
        timeout: Duration::from_secs(args.time_limit),
        dry_run: args.dry_run,
        ..SyncOptions::default()
    };
    let total = runs.len() as u64;
    let mut reports: Vec<SyncReport> = Vec::new();
    if total > 0 {
        reporter.start(if args.dry_run {
            "searching"
        } else {
            "uploading"
        });
    }
    for run in &runs {
        reports.extend(sync_offline_runs(std::slice::from_ref(run), &options)?);
        reporter.progress(reports.len() as u64, total);
    }
    reporter.abandon();

    let text = if reports.is_empty() && incomplete == 0 {
        "all W&B runs are uploaded\n".to_owned()
    } else {
        let mut table = Table::new(0..0, ["run", "outcome"]);
        for report in &reports {
            table.row([relative_to(&jobs, &report.path), report.message.clone()]);
        }
        table.to_string()
    };
    let runs: Vec<Value> = reports.iter().map(as_json).collect();
    let failed = incomplete + reports.iter().filter(|report| !report.ok).count();
    if failed == 0 {
        return Ok(Report {
            text,
            json: json!({ "dry_run": args.dry_run, "runs": runs }),
        });
    }
    let message = format!(
        "{failed} runs could not be uploaded completely; the next `protea sync-offline` tries again"
    );
    Err(Failure::new(Exit::Failed, message)
        .with_text(text)
        .with_detail("runs", runs))
}

/// The offline runs that protea or scripts recorded for the jobs. The rest of a job is not searched:
/// runners write there, and W&B's client uploads every file that a run's records name.
fn offline_runs(jobs: &Path) -> Result<Vec<OfflineRun>, Failure> {
    if !jobs.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error| TrackerError::Read {
        path: jobs.to_owned(),
        source: error,
    };
    let mut runs = Vec::new();
    for job in jobs.read_dir().map_err(unreadable)? {
        let place = job.map_err(unreadable)?.path().join("wandb");
        if protea_files::is_directory(&place) {
            runs.extend(find_offline_runs(&place)?);
        }
    }
    runs.sort();
    Ok(runs)
}

/// Adds to the offline runs what the event log has and they lack, such as the end of a run that was
/// killed. Returns how many could not be updated.
fn complete(workspace: &Workspace, reporter: &Reporter) -> Result<usize, Failure> {
    let Backlog {
        unsynced: mut behind,
        mut unknown,
        ..
    } = unsynced(workspace)?;
    behind.retain(|run| run.cursor.backend == "wandb" && !run.lacks_refused_only);
    unknown.retain(|run| {
        run.backend
            .as_ref()
            .is_none_or(|backend| backend == "wandb")
    });
    let mut synced = sync(&behind, |_| {});
    synced.extend(recover(unknown, IfMissing::Refuse));
    for run in &synced {
        if let Some(error) = &run.error {
            reporter.warn(&format!("{}: {error}", run.run_id));
        }
    }
    // Repeating the upload does not change what the adapter refused to write.
    let refused = refusals::of_synced(&synced);
    refusals::warn(&refused, reporter);
    Ok(synced
        .iter()
        .filter(|run| !run.ok && run.error.is_some())
        .count())
}

fn as_json(report: &SyncReport) -> Value {
    json!({
        "path": report.path.to_string_lossy(),
        "ok": report.ok,
        "outcome": match report.outcome {
            SyncOutcome::Synced => "synced",
            SyncOutcome::WouldSync => "would-sync",
            SyncOutcome::Skipped => "passed-over",
            _ => "failed",
        },
        "message": report.message,
    })
}
