//! `protea runs list`.

use std::collections::BTreeSet;

use protea_core::{
    contracts::metrics::flatten,
    workspace::{ListedRun, RunHead},
};
use serde_json::{Map, Value, json};

use super::{
    all,
    columns::{Columns, Width, evaluated_on},
    tree::{Row, ordered, value},
    workspace,
};
use crate::{
    args::{ListArgs, SortBy},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, count, terminal_width},
};

/// How many metrics an error names.
const MOST_NAMED: usize = 12;

/// Lists the runs that match the filters.
pub fn list(args: &ListArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let list = all(&workspace, reporter);
    let runs: Vec<&ListedRun> = list.runs.iter().filter(|run| matches(args, run)).collect();
    let by = args.sort.clone().unwrap_or(SortBy {
        key: SortBy::STARTED.to_owned(),
        ascending: false,
    });
    if !runs.is_empty() && !runs.iter().any(|run| value(run, &by.key).is_some()) {
        return Err(no_such_metric(&by.key, &runs));
    }
    let mut rows = ordered(&runs, &by);
    let total = rows.len();
    if args.limit > 0 {
        rows.truncate(args.limit);
    }
    let entries: Vec<Value> = rows.iter().map(|row| entry(row.run)).collect();
    Ok(Report {
        text: text(&rows, total, &by),
        json: json!({ "runs": entries, "total": total, "unreadable": list.unreadable }),
    })
}

fn matches(args: &ListArgs, run: &ListedRun) -> bool {
    let head = &run.head;
    let matches = |filter: &Option<String>, value: Option<&str>| match filter {
        Some(filter) => value == Some(filter),
        None => true,
    };
    matches(&args.project, head.project.as_deref())
        && matches(
            &args.runner,
            head.runner.as_ref().map(|runner| &*runner.name),
        )
        && args.status.is_none_or(|s| s.status() == head.status)
        && args
            .group
            .as_deref()
            .is_none_or(|group| in_group(head, group))
        && matches(&args.eval, evaluated_on(head).map(|dataset| dataset.name))
}

/// Whether a run is in a group or one of its subgroups.
fn in_group(head: &RunHead, group: &str) -> bool {
    let rest = head.group.as_deref().and_then(|g| g.strip_prefix(group));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || group.ends_with('/'))
}

fn no_such_metric(key: &str, runs: &[&ListedRun]) -> Failure {
    let names: BTreeSet<String> = runs
        .iter()
        .flat_map(|run| flatten(&run.head.metrics))
        .map(|(name, _)| name)
        .collect();
    let more = if names.len() > MOST_NAMED {
        ", …"
    } else {
        ""
    };
    let first: Vec<String> = names.into_iter().take(MOST_NAMED).collect();
    let known = if first.is_empty() {
        "none of them has metrics; use".to_owned()
    } else {
        format!("use {}{more},", first.join(", "))
    };
    Failure::new(
        Exit::Usage,
        format!("no run has the metric {key:?}; {known} started or seconds"),
    )
}

fn text(rows: &[Row<'_>], total: usize, by: &SortBy) -> String {
    if rows.is_empty() {
        return "no runs\n".to_owned();
    }
    let columns = Columns::new(rows, by);
    let mut table = columns.table(rows, Width::Full);
    if terminal_width().is_some_and(|width| !table.fits(width)) {
        // The id of a run contains when it started, and its runner.
        table = columns.table(rows, Width::Narrow);
    }
    let mut text = table.to_string();
    if rows.len() < total {
        let (listed, total) = (count(rows.len() as u64), count(total as u64));
        text.push_str(&format!("{listed} of {total} runs; --limit 0 shows all\n"));
    }
    text.push_str(&columns.notes(rows));
    text
}

/// The object that `--json` prints for a run.
pub(super) fn entry(run: &ListedRun) -> Value {
    let mut object = match serde_json::to_value(&run.head) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let seconds = run.head.seconds(protea_core::tracking::now());
    object.insert("seconds".to_owned(), json!(seconds));
    object.insert(
        "directory".to_owned(),
        json!(run.directory.to_string_lossy()),
    );
    Value::Object(object)
}
