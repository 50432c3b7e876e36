//! What backends refused of runs, in the words of the command.

use std::path::Path;

use protea_core::{
    backends::SyncedRun,
    tracking::{Refusal, RefusedEvents},
};

use crate::output::{Reporter, count, plural};

/// What a backend refused of a run.
pub struct Refused<'r> {
    run: String,
    refusals: &'r [Refusal],
    events: u64,
}

/// What was refused in a sync.
pub fn of_synced(synced: &[SyncedRun]) -> Vec<Refused<'_>> {
    let refused = synced.iter().filter(|run| run.refused_events > 0);
    refused
        .map(|run| Refused {
            run: run.run_id.to_string(),
            refusals: &run.refusals,
            events: run.refused_events,
        })
        .collect()
}

/// What was refused while runs were recorded.
pub fn of_runs(refused: &[RefusedEvents]) -> Vec<Refused<'_>> {
    refused
        .iter()
        .map(|run| Refused {
            run: run_of(&run.log),
            refusals: &run.refused,
            events: run.events,
        })
        .collect()
}

/// The id of the run of a log.
pub fn run_of(log: &Path) -> String {
    let directory = log.parent().and_then(Path::file_name);
    directory.unwrap_or_default().to_string_lossy().into_owned()
}

/// Warns of each reason once: a server that takes no files refuses every file of every run.
pub fn warn(refused: &[Refused<'_>], reporter: &Reporter) {
    for warning in warnings(refused) {
        reporter.warn(&warning);
    }
}

fn warnings(refused: &[Refused<'_>]) -> Vec<String> {
    struct Reason<'r> {
        cause: &'r str,
        first: String,
        events: u64,
        runs: u64,
        last_run: &'r str,
    }
    let mut reasons: Vec<Reason<'_>> = Vec::new();
    let mut unlisted = 0;
    for run in refused {
        unlisted += run.events.saturating_sub(run.refusals.len() as u64);
        for refusal in run.refusals {
            let cause = match refusal.cause.as_str() {
                // A cursor of an earlier version has only the whole message.
                "" => refusal.reason.as_str(),
                cause => cause,
            };
            match reasons.iter_mut().find(|known| known.cause == cause) {
                Some(known) => {
                    known.events += 1;
                    known.runs += u64::from(known.last_run != run.run);
                    known.last_run = &run.run;
                }
                None => reasons.push(Reason {
                    cause,
                    first: format!("{}: event {}: {}", run.run, refusal.seq, refusal.reason),
                    events: 1,
                    runs: 1,
                    last_run: &run.run,
                }),
            }
        }
    }
    let mut told: Vec<String> = reasons
        .into_iter()
        .map(|reason| match reason.events {
            1 => reason.first,
            events => format!(
                "{} (and {} more for this reason, in {})",
                reason.first,
                plural(events - 1, "event"),
                plural(reason.runs, "run")
            ),
        })
        .collect();
    if unlisted > 0 {
        told.push(format!(
            "{} more events were refused, whose reasons are not recorded",
            count(unlisted)
        ));
    }
    told
}
