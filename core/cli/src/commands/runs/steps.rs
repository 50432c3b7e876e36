//! The steps of a run in `protea runs show`: how they ended and what they used.

use protea_cafa::search_record::{KERNEL, LEADING_DIRECTIONS};
use protea_core::{
    dispatch::ResourceUsage,
    workspace::{RunManifest, StepRecord},
};
use serde_json::Value;

use crate::output::{Table, bytes, number};

/// The table of the steps of a run; empty if it has none.
pub(super) fn steps(manifest: &RunManifest) -> String {
    if manifest.steps.is_empty() {
        return String::new();
    }
    let mut columns: Vec<Column> = vec![
        ("step", |step| step.name.clone()),
        ("status", |step| step.status.to_string()),
        ("seconds", |step| number(step.seconds)),
    ];
    let measured: [Column; 4] = [
        ("CPU seconds", |step| {
            known(step, |used| used.cpu_seconds().map(number))
        }),
        ("memory", |step| {
            known(step, |used| used.peak_memory_bytes.map(bytes))
        }),
        ("read", |step| {
            known(step, |used| used.read_bytes.map(bytes))
        }),
        ("written", |step| {
            known(step, |used| used.written_bytes.map(bytes))
        }),
    ];
    // A column that has no value is left out.
    let has_value = |(_, cell): &Column| manifest.steps.iter().any(|step| !cell(step).is_empty());
    columns.extend(measured.into_iter().filter(has_value));
    let numbers = 2..columns.len();
    columns.push(("note", |step| step.note.clone().unwrap_or_default()));
    let mut table = Table::new(numbers, columns.iter().map(|(heading, _)| *heading));
    for step in &manifest.steps {
        table.row(columns.iter().map(|(_, cell)| cell(step)));
    }
    table.to_string()
}

/// A column of the table of steps: its heading, and its cell in the row of a step.
type Column = (&'static str, fn(&StepRecord) -> String);

/// A value of what a step used; empty if it is not known.
fn known(step: &StepRecord, value: impl Fn(&ResourceUsage) -> Option<String>) -> String {
    step.resources.as_ref().and_then(value).unwrap_or_default()
}

/// The kernels that the runner's searches used.
pub(super) fn kernels(manifest: &RunManifest) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    for step in &manifest.steps {
        let Some(kernel) = step.extras.get(KERNEL).and_then(Value::as_str) else {
            continue;
        };
        let directions = step.extras.get(LEADING_DIRECTIONS).and_then(Value::as_u64);
        let text = match directions {
            Some(directions) => format!("{kernel}, {directions} leading directions"),
            None => kernel.to_owned(),
        };
        if !found.contains(&text) {
            found.push(text);
        }
    }
    (!found.is_empty()).then(|| found.join("; "))
}
