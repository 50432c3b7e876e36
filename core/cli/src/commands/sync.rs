//! `protea sync`.

use protea_core::{
    Workspace,
    backends::{SyncedRun, recover, sync},
    tracking::IfMissing,
    workspace::{Backlog, UnknownProgress, Unsynced, unsynced},
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

/// What to do about a record that cannot be read of what a backend has.
const UNKNOWN_REMEDY: &str = "set MLFLOW_TRACKING_URI to the server that has the run: `protea sync` continues it there. \
                              If no server has it, `protea sync --send-again` sends the whole run";

/// Sends to the backends what they do not have yet.
pub fn run(args: &SyncArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = Workspace::open(&args.workspace.workspace)?;
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
    for warning in refusals(&synced) {
        reporter.warn(&warning);
    }
    let failed = synced.iter().filter(|run| !run.ok).count();
    let (text, json) = (text(&synced), json!(synced));
    if failed == 0 {
        return Ok(Report {
            text,
            json: json!({ "dry_run": false, "runs": json }),
        });
    }
    let remedy = if synced.iter().any(|run| run.unknown) {
        UNKNOWN_REMEDY
    } else {
        "the rest stays in the workspace, and the next `protea sync` sends it"
    };
    let message = format!(
        "{} of {} could not be sent completely; {remedy}",
        count(failed as u64),
        plural(total, "run")
    );
    Err(Failure::new(Exit::Failed, message)
        .with_text(text)
        .with_detail("runs", json))
}

/// What backends refused, each reason once: a server that takes no files refuses every file of
/// every run.
fn refusals(synced: &[SyncedRun]) -> Vec<String> {
    struct Refused<'r> {
        reason: &'r str,
        first: String,
        events: u64,
        runs: u64,
        last_run: &'r str,
    }
    let mut found: Vec<Refused<'_>> = Vec::new();
    for run in synced {
        for text in &run.refused {
            // `event 7: mlflow refuses the file F: the reason`
            let refusal = text
                .split_once(" refuses ")
                .map_or(text.as_str(), |(_, rest)| rest);
            let reason = refusal
                .split_once(": ")
                .map_or(refusal, |(_, reason)| reason);
            match found.iter_mut().find(|known| known.reason == reason) {
                Some(known) => {
                    known.events += 1;
                    known.runs += u64::from(known.last_run != run.run_id.as_str());
                    known.last_run = &run.run_id;
                }
                None => found.push(Refused {
                    reason,
                    first: format!("{}: {text}", run.run_id),
                    events: 1,
                    runs: 1,
                    last_run: &run.run_id,
                }),
            }
        }
    }
    let told = found.into_iter().map(|refused| match refused.events {
        1 => refused.first,
        events => format!(
            "{} (and {} more for this reason, in {})",
            refused.first,
            plural(events - 1, "event"),
            plural(refused.runs, "run")
        ),
    });
    told.collect()
}

fn dry_run(runs: &[Unsynced], unknown: &[UnknownProgress]) -> Result<Report, Failure> {
    let mut table = Table::new(0..0, ["run", "backend", "state"]);
    let mut waiting = Vec::new();
    for run in runs {
        table.row([&*run.run_id, &run.cursor.backend, "waiting"]);
        waiting.push(json!({ "run_id": run.run_id, "backend": run.cursor.backend }));
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
        table.row([&*run.run_id, &run.backend, &run.sent.to_string(), outcome]);
    }
    table.to_string()
}
