//! The tasks of a plan that have no result, or failed, as people read them.

use protea_core::engine::{PlanDirectory, TaskState, TaskStatus};
use serde_json::{Value, json};

use super::location::place;
use crate::{exit::Exit, failure::Failure, output::plural};

/// How many tasks are described.
const MOST: usize = 10;
/// How many lines of a log are shown.
const LOG_LINES: usize = 5;

/// The tasks that have no result.
pub(super) fn without_result(statuses: &[TaskStatus]) -> Vec<&TaskStatus> {
    statuses
        .iter()
        .filter(|status| !status.state.has_ended())
        .collect()
}

/// A paragraph about the tasks that have no result; empty if all have one.
pub(super) fn text(statuses: &[TaskStatus]) -> String {
    let missing = without_result(statuses);
    if missing.is_empty() {
        return String::new();
    }
    let (number, all) = (missing.len() as u64, statuses.len());
    let mut text = format!("{} of {all} without a result:\n", plural(number, "task"));
    for status in missing.iter().take(MOST) {
        text.push_str(&format!(
            "  {} {}: {}\n",
            status.index,
            status.name,
            status.reason()
        ));
        for line in log(status) {
            text.push_str(&format!("      {line}\n"));
        }
    }
    if missing.len() > MOST {
        text.push_str(&format!("  … and {} more\n", missing.len() - MOST));
    }
    text
}

fn log(status: &TaskStatus) -> &[String] {
    match &status.state {
        TaskState::Again(attempt) => {
            let first = attempt.log.len().saturating_sub(LOG_LINES);
            &attempt.log[first..]
        }
        _ => &[],
    }
}

/// The same for `--json`, with the tasks that failed for good.
pub(super) fn json(statuses: &[TaskStatus]) -> Value {
    let described = |status: &TaskStatus| {
        let log = match &status.state {
            TaskState::Again(attempt) => attempt.log.clone(),
            _ => Vec::new(),
        };
        json!({
            "index": status.index,
            "id": status.id,
            "name": status.name,
            "state": status.state.name(),
            "attempts": status.attempts,
            "reason": status.reason(),
            "log": log,
        })
    };
    let is_well = |status: &&TaskStatus| !matches!(status.state, TaskState::Finished(_));
    statuses.iter().filter(is_well).map(described).collect()
}

/// The failure of gathering tasks without a result, of which `added` are new.
pub(super) fn failure(plan: &PlanDirectory, statuses: &[TaskStatus], added: usize) -> Failure {
    let number = without_result(statuses).len();
    let path = place(plan);
    let mut message = format!(
        "{number} of {} tasks have no result; execute them with `protea task`, or gather the others with \
         --partial",
        statuses.len()
    );
    // A plan grows by what depends on results, and by tasks whose lines were lost.
    if added > 0 {
        let (were, them, call) = match added {
            1 => (
                "task was",
                "it",
                format!("`protea task {path} --index {}`", statuses.len() - 1),
            ),
            _ => (
                "tasks were",
                "them",
                format!(
                    "`protea task {path} --index N`, N from {} to {}",
                    statuses.len() - added,
                    statuses.len() - 1
                ),
            ),
        };
        message = format!(
            "{added} {were} added to the plan; execute {them} with {call}, and gather again"
        );
    }
    Failure::new(Exit::TryAgain, message)
        .with_text(text(statuses))
        .with_detail("added", added)
        .with_detail("tasks", json(statuses))
}
