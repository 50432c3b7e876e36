//! `protea runs list`.

use std::collections::BTreeSet;

use protea_core::{
    contracts::{Metrics, metrics::flatten},
    workspace::{ListedRun, RunHead},
};
use serde_json::{Map, Value, json};

use super::{
    all, duration, time,
    tree::{Row, ordered, value},
    workspace,
};
use crate::{
    args::{ListArgs, SortBy},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, count, number},
};

/// How many metrics fit in the table.
const MOST_COLUMNS: usize = 3;
/// How many metrics an error names.
const MOST_NAMED: usize = 12;
const MISSING: &str = "-";

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
    let columns = metric_columns(rows, by);
    let has = |field: fn(&RunHead) -> &Option<String>| {
        rows.iter().any(|row| field(&row.run.head).is_some())
    };
    let (names, projects, groups) = (has(|h| &h.name), has(|h| &h.project), has(|h| &h.group));
    let mut headings = vec!["run"];
    headings.extend(names.then_some("name"));
    headings.extend(["status", "started", "time", "runner"]);
    headings.extend(projects.then_some("project"));
    headings.extend(groups.then_some("group"));
    let first_number = headings.len();
    headings.extend(columns.iter().map(String::as_str));
    let mut table = Table::new(first_number.., headings);
    let now = protea_core::tracking::now();
    for row in rows {
        let head = &row.run.head;
        let plain = |value: &Option<String>| value.clone().unwrap_or_else(|| MISSING.to_owned());
        let mut cells = vec![format!("{}{}", indent(row.depth), head.run_id)];
        cells.extend(names.then(|| plain(&head.name)));
        cells.push(head.status.to_string());
        cells.push(time(head.started));
        cells.push(duration(head.seconds(now)));
        let runner = head.runner.as_ref();
        let runner = runner.map(|runner| format!("{} {}", runner.name, runner.version));
        cells.push(plain(&runner));
        cells.extend(projects.then(|| plain(&head.project)));
        cells.extend(groups.then(|| plain(&head.group)));
        for column in &columns {
            let value = value(row.run, column);
            cells.push(value.map_or_else(|| MISSING.to_owned(), number));
        }
        table.row(cells);
    }
    let mut text = table.to_string();
    if rows.len() < total {
        let (listed, total) = (count(rows.len() as u64), count(total as u64));
        text.push_str(&format!("{listed} of {total} runs; --limit 0 shows all\n"));
    }
    text
}

/// The indentation of a child run: two spaces for each level, and a sign that points to the parent.
pub(super) fn indent(depth: usize) -> String {
    match depth {
        0 => String::new(),
        depth => format!("{}└ ", "  ".repeat(depth - 1)),
    }
}

/// The metric of `--sort`, then the first metric of each group.
fn metric_columns(rows: &[Row<'_>], by: &SortBy) -> Vec<String> {
    let mut columns = Vec::new();
    if by.key != SortBy::STARTED && by.key != SortBy::SECONDS {
        columns.push(by.key.clone());
    }
    for row in rows {
        for name in principal(&row.run.head.metrics) {
            if columns.len() >= MOST_COLUMNS {
                return columns;
            }
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    columns
}

/// The first metric of each group, which runners choose to be the most important one.
fn principal(metrics: &Metrics) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in metrics {
        match value {
            Value::Object(group) => {
                names.extend(group.keys().next().map(|first| format!("{name}.{first}")));
            }
            _ if names.is_empty() => names.push(name.clone()),
            _ => {}
        }
    }
    names
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
