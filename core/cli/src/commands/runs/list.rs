//! `protea runs list`.

use std::collections::BTreeSet;

use protea_core::workspace::{ListedRun, RunOrder, RunRow, RunSelection};
use serde_json::{Map, Value, json};

use super::{
    all,
    columns::{Columns, Width},
    selection, workspace,
};
use crate::{
    args::ListArgs,
    failure::Failure,
    output::{Report, Reporter, count, terminal_width},
};

/// Lists the runs that match the filters.
pub fn list(args: &ListArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let list = all(&workspace, reporter);
    let selection = selection(args);
    let selected = list.select(&selection)?;
    let (rows, total) = (selected.rows, selected.total);
    let entries: Vec<Value> = rows.iter().map(|row| entry(row.run)).collect();
    let text = if rows.is_empty() && !list.runs.is_empty() {
        none_match(&list.runs)
    } else {
        text(&rows, total, selection.order())
    };
    Ok(Report {
        text,
        json: json!({ "runs": entries, "total": total, "unreadable": list.unreadable }),
    })
}

/// The runs that the arguments describe.
fn selection(args: &ListArgs) -> RunSelection {
    let mut selection = selection::filtered(&args.filters);
    if let Some(order) = &args.sort {
        selection = selection.with_order(order.clone());
    }
    match args.limit {
        0 => selection,
        limit => selection.with_limit(limit),
    }
}

/// Said if there are runs, and the filters leave out all of them.
fn none_match(runs: &[ListedRun]) -> String {
    let runners = runs.iter().filter_map(|run| run.head.runner.as_ref());
    let names: BTreeSet<&str> = runners.map(|runner| runner.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let of = if names.is_empty() {
        String::new()
    } else {
        format!(", of the runners {}", names.join(", "))
    };
    format!(
        "no run matches the filters; without them there are {}{of}\n",
        count(runs.len() as u64)
    )
}

fn text(rows: &[RunRow<'_>], total: usize, by: &RunOrder) -> String {
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
