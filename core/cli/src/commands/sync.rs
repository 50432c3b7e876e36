//! `protea sync`.

use protea_core::{
    backends::{SyncedRun, recover, sync},
    tracking::IfMissing,
    workspace::{Backlog, UnknownProgress, Unsynced, unsynced},
};
use serde_json::json;

use super::{refusals, runs};
use crate::{
    args::SyncArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, count, plural},
};

/// Every backend has every run.
const UP_TO_DATE: &str = "all backends are up to date\n";

/// What to do about a record that cannot be read of what a backend has.
const UNKNOWN_REMEDY: &str = "set MLFLOW_TRACKING_URI to the server that has the run: `protea sync` continues it there. \
                              If no server has it, `protea sync --send-again` sends the whole run";

/// What to do about events that a backend refused.
const REFUSED_REMEDY: &str =
    "the backend refuses the rest, which stays in the workspace; each `protea sync` tries it again";

/// Sends to the backends what they do not have yet.
pub fn run(args: &SyncArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = runs::workspace(&args.workspace)?;
    let Backlog {
        unsynced: mut runs,
        mut unknown,
        ..
    } = unsynced(&workspace)?;
    for reason in workspace.unclosed() {
        reporter.warn(reason);
    }
    let is_wanted = |backend: &String| args.backends.is_empty() || args.backends.contains(backend);
    runs.retain(|run| is_wanted(&run.cursor.backend));
    unknown.retain(|run| run.backend.as_ref().is_none_or(is_wanted));
    if args.dry_run {
        return dry_run(&runs, &unknown);
    }

    let total = (runs.len() + unknown.len()) as u64;
    let mut done = 0;
    if total > 0 {
        reporter.start(&format!("sending {}", plural(total, "run")));
    }
    let mut synced = sync(&runs, |_| {
        done += 1;
        reporter.progress(done, total);
    });
    let if_missing = if args.send_again {
        IfMissing::Send
    } else {
        IfMissing::Refuse
    };
    synced.extend(recover(unknown, if_missing));
    reporter.abandon();
    refusals::warn(&refusals::of_synced(&synced), reporter);
    let failed = synced.iter().filter(|run| !run.ok).count();
    let (text, json) = (text(&synced), json!(synced));
    if failed == 0 {
        return Ok(Report {
            text,
            json: json!({ "dry_run": false, "runs": json }),
        });
    }
    let message = format!(
        "{} of {} could not be sent completely; {}",
        count(failed as u64),
        plural(total, "run"),
        remedy(&synced)
    );
    Err(Failure::new(Exit::Failed, message)
        .with_text(text)
        .with_detail("runs", json))
}

/// What to do about the runs that were not sent completely.
fn remedy(synced: &[SyncedRun]) -> &'static str {
    if synced.iter().any(|run| run.unknown) {
        UNKNOWN_REMEDY
    } else if synced
        .iter()
        .all(|run| run.ok || run.error.is_none() && run.refused_events > 0)
    {
        REFUSED_REMEDY
    } else {
        "the rest stays in the workspace, and the next `protea sync` sends it"
    }
}

fn dry_run(runs: &[Unsynced], unknown: &[UnknownProgress]) -> Result<Report, Failure> {
    let mut table = Table::new(0..0, ["run", "backend", "state"]);
    let mut waiting = Vec::new();
    for run in runs {
        let refused = run.cursor.refused_events();
        let state = match (run.lacks_refused_only, refused) {
            (true, _) => refused_events(refused),
            (false, 0) => "waiting".to_owned(),
            (false, _) => format!("waiting, {}", refused_events(refused)),
        };
        table.row([&*run.run_id, &run.cursor.backend, &state]);
        let mut entry = json!({ "run_id": run.run_id, "backend": run.cursor.backend });
        if refused > 0 {
            entry["refused_events"] = refused.into();
        }
        waiting.push(entry);
    }
    for run in unknown {
        let state = format!("unknown: {}", run.error.full_message());
        table.row([
            &*run.run_id,
            run.backend.as_deref().unwrap_or_default(),
            &state,
        ]);
        waiting.push(json!({ "run_id": run.run_id, "backend": run.backend, "error": state }));
    }
    let text = if waiting.is_empty() {
        UP_TO_DATE.to_owned()
    } else {
        table.to_string()
    };
    if unknown.is_empty() {
        return Ok(Report {
            text,
            json: json!({ "dry_run": true, "runs": waiting }),
        });
    }
    let message = format!(
        "the record of what a backend has cannot be read for {}; {UNKNOWN_REMEDY}",
        plural(unknown.len() as u64, "run")
    );
    Err(Failure::new(Exit::Failed, message)
        .with_text(text)
        .with_detail("runs", waiting))
}

/// How many events a backend refused.
fn refused_events(events: u64) -> String {
    format!("{} refused", plural(events, "event"))
}

fn text(synced: &[SyncedRun]) -> String {
    if synced.is_empty() {
        return UP_TO_DATE.to_owned();
    }
    let mut table = Table::new(2..3, ["run", "backend", "events", "outcome"]);
    for run in synced {
        let mut outcome = match (&run.error, &run.url) {
            (Some(error), _) => error.clone(),
            (None, Some(url)) => url.clone(),
            (None, None) => "sent".to_owned(),
        };
        if run.refused_events > 0 {
            outcome = format!("{}; {outcome}", refused_events(run.refused_events));
        }
        table.row([&*run.run_id, &run.backend, &run.sent.to_string(), &outcome]);
    }
    table.to_string()
}
