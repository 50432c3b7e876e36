//! `/api/runs`: the runs that pass the filters, in an order, a page at a time.

use std::collections::HashMap;

use protea_core::workspace::{RunKey, RunOrder, RunRow, RunSelection, Status};
use serde_json::{Value, json};

use super::{
    ApiError,
    row::{row, shown},
};
use crate::{
    http::Request,
    state::{Runs, State},
};

/// The largest number of rows of an answer.
const MOST_ROWS: usize = 1000;
/// The largest number of metric columns.
const MOST_COLUMNS: usize = 50;
/// The number of rows if the request does not give one.
const ROWS: usize = 100;
/// The metrics shown first, if runs have them.
const FIRST: [&str; 3] = ["MFO.fmax", "BPO.fmax", "CCO.fmax"];
/// How many unreadable manifests are named.
const MOST_UNREADABLE: usize = 5;

/// | key | meaning |
/// |---|---|
/// | `q` | words that all must be in the id, name, runner, dataset, project, group, tags or settings |
/// | `status`, `runner`, `eval`, `project` | filters |
/// | `parent` | the child runs of this run |
/// | `sort`, `order` | `started`, `seconds` or a metric; `asc` or `desc` |
/// | `metrics` | metric columns, separated by commas |
/// | `offset`, `limit` | which rows |
pub fn list(state: &State, request: &Request) -> Result<Value, ApiError> {
    let runs = state.runs();
    let choices = &runs.choices;
    let metrics: Vec<String> = match request.value("metrics") {
        Some(names) => {
            let names = names.split(',').filter(|name| !name.is_empty());
            names.take(MOST_COLUMNS).map(str::to_owned).collect()
        }
        None => {
            let first = FIRST.iter().filter(|name| choices.metrics.contains(**name));
            let mut first: Vec<String> = first.map(|name| (*name).to_owned()).collect();
            if first.is_empty() {
                first = choices.metrics.iter().take(FIRST.len()).cloned().collect();
            }
            first
        }
    };
    let keys: Vec<RunKey> = metrics.iter().map(|name| metric_key(name)).collect();
    let status = match request.value("status").filter(|status| !status.is_empty()) {
        Some(name) => Some(status(name)?),
        None => None,
    };
    let rows = selected(&runs, request)?;
    let words: Vec<String> = request
        .value("q")
        .unwrap_or_default()
        .split_whitespace()
        .take(20)
        .map(str::to_lowercase)
        .collect();
    let parent = request.value("parent");
    let below = below(&rows);
    let is_tree = words.is_empty() && status.is_none();
    let wanted: Vec<&RunRow<'_>> = rows
        .iter()
        .filter(|row| {
            let head = &row.run.head;
            match parent {
                Some(parent) => head.parent.as_deref() == Some(parent),
                // What is searched for is listed without its parents.
                None => !is_tree || row.depth == 0,
            }
        })
        .filter(|row| status.is_none_or(|status| runs.status(row.run) == status))
        .filter(|row| {
            let text = runs.text(row.run);
            words.iter().all(|word| text.contains(word.as_str()))
        })
        .collect();
    let number = |key: &str, default: usize| match request.value(key) {
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::bad(format!("{key} must be a whole number"))),
        None => Ok(default),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", ROWS)?.min(MOST_ROWS));
    let page = wanted.iter().skip(offset).take(limit);
    let page: Vec<Value> = page
        .map(|found| {
            let mut value = row(&runs, found.run, 0, &keys);
            let children = below.get(found.run.head.run_id.as_str()).copied();
            value["children"] = json!(children.filter(|_| is_tree).unwrap_or(0));
            value
        })
        .collect();
    let all = &runs.list().runs;
    let running = all.iter().filter(|run| runs.status(run) == Status::Running);
    let texts = |set: &std::collections::BTreeSet<String>| -> Vec<String> {
        set.iter().map(|text| shown(text)).collect()
    };
    let unreadable = &runs.list().unreadable;
    Ok(json!({
        "workspace": shown(&state.workspace.directory().to_string_lossy()),
        "version": runs.version,
        "runs": page,
        "total": wanted.len(),
        "all": all.len(),
        "running": running.count(),
        "metrics": metrics.iter().map(|name| shown(name)).collect::<Vec<_>>(),
        "choices": {
            "metrics": texts(&choices.metrics),
            "runners": texts(&choices.runners),
            "datasets": texts(&choices.datasets),
            "projects": texts(&choices.projects),
        },
        "unreadable": unreadable.len(),
        "unreadable_examples": unreadable.iter().take(MOST_UNREADABLE)
            .map(|one| shown(&format!("{}: {}", one.path.display(), one.reason)))
            .collect::<Vec<_>>(),
    }))
}

/// A metric, also one that is called `started` or `seconds`.
fn metric_key(name: &str) -> RunKey {
    RunKey::Metric(name.to_owned())
}

fn status(name: &str) -> Result<Status, ApiError> {
    let all = [
        Status::Running,
        Status::Finished,
        Status::Failed,
        Status::Killed,
    ];
    let found = all.into_iter().find(|status| status.name() == name);
    found.ok_or_else(|| ApiError::bad("status must be running, finished, failed or killed"))
}

/// The runs that pass the filters by value, in the requested order. A metric that no run has is not an
/// error here: the newest runs then come first.
fn selected<'r>(runs: &'r Runs, request: &Request) -> Result<Vec<RunRow<'r>>, ApiError> {
    let value = |key: &str| request.value(key).filter(|value| !value.is_empty());
    let order = match (value("sort").unwrap_or("started"), value("order")) {
        (sort, None | Some("desc")) => RunOrder::descending(sort),
        (sort, Some("asc")) => RunOrder::ascending(sort),
        _ => return Err(ApiError::bad("order must be asc or desc")),
    };
    let mut selection = RunSelection::new();
    if let Some(runner) = value("runner") {
        selection = selection.with_runner(runner);
    }
    if let Some(dataset) = value("eval") {
        selection = selection.with_eval(dataset);
    }
    if let Some(project) = value("project") {
        selection = selection.with_project(project);
    }
    let list = runs.list();
    // To find that no run has a metric, all metrics of all runs are looked through.
    let is_known = match &order.key {
        RunKey::Metric(name) => runs.choices.knows(name),
        _ => true,
    };
    let ordered = match is_known {
        true => list.select(&selection.clone().with_order(order)),
        false => list.select(&selection),
    };
    let selected = ordered.or_else(|_| list.select(&selection));
    let selected = selected.map_err(|error| ApiError::bad(error.to_string()))?;
    Ok(selected.rows)
}

/// By id, how many runs of the rows are children of a run.
fn below<'r>(rows: &[RunRow<'r>]) -> HashMap<&'r str, usize> {
    let mut below = HashMap::new();
    for row in rows.iter().filter(|row| row.depth > 0) {
        if let Some(parent) = &row.run.head.parent {
            *below.entry(parent.as_str()).or_default() += 1;
        }
    }
    below
}
