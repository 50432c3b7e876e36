//! `protea sync`.

use protea_core::{
    Workspace,
    backends::{SyncedRun, sync},
    workspace::unsynced,
};
use serde_json::json;

use crate::{
    args::SyncArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, count, plural},
};

/// Every backend has every run.
const UP_TO_DATE: &str = "all backends are up to date\n";

/// Sends to the backends what they do not have yet.
pub fn run(args: &SyncArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = Workspace::open(&args.workspace.workspace)?;
    let (mut runs, unreadable) = unsynced(&workspace)?;
    for reason in workspace.unclosed() {
        reporter.warn(reason);
    }
    for error in unreadable {
        reporter.warn(&Failure::from(error).message);
    }
    runs.retain(|run| args.backends.is_empty() || args.backends.contains(&run.cursor.backend));
    if args.dry_run {
        let mut table = Table::new(0..0, ["run", "backend"]);
        for run in &runs {
            table.row([&run.run_id, &run.cursor.backend]);
        }
        let waiting: Vec<_> = runs
            .iter()
            .map(|run| json!({ "run_id": run.run_id, "backend": run.cursor.backend }))
            .collect();
        let text = if runs.is_empty() {
            UP_TO_DATE.to_owned()
        } else {
            table.to_string()
        };
        return Ok(Report {
            text,
            json: json!({ "dry_run": true, "runs": waiting }),
        });
    }

    let total = runs.len() as u64;
    let mut done = 0;
    if total > 0 {
        reporter.start(&format!("sending {}", plural(total, "run")));
    }
    let synced = sync(&runs, |_| {
        done += 1;
        reporter.progress(done, total);
    });
    reporter.abandon();
    for run in &synced {
        for refused in &run.refused {
            reporter.warn(&format!("{}: {refused}", run.run_id));
        }
    }
    let failed = synced.iter().filter(|run| !run.ok).count();
    let (text, json) = (text(&synced), json!(synced));
    if failed == 0 {
        return Ok(Report {
            text,
            json: json!({ "dry_run": false, "runs": json }),
        });
    }
    let message = format!(
        "{} of {} could not be sent completely; the rest stays in the workspace, and the next \
         `protea sync` sends it",
        count(failed as u64),
        plural(total, "run")
    );
    Err(Failure::new(Exit::Failed, message)
        .with_text(text)
        .with_detail("runs", json))
}

fn text(synced: &[SyncedRun]) -> String {
    if synced.is_empty() {
        return UP_TO_DATE.to_owned();
    }
    let mut table = Table::new(2..3, ["run", "backend", "events", "outcome"]);
    for run in synced {
        let outcome = match (&run.error, &run.url) {
            (Some(error), _) => error,
            (None, Some(url)) => url,
            (None, None) => "sent",
        };
        table.row([&run.run_id, &run.backend, &run.sent.to_string(), outcome]);
    }
    table.to_string()
}
