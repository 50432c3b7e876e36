//! The scores of a run as a table, according to the metrics that the runner declares.

use std::{collections::BTreeMap, fmt::Write};

use protea_core::contracts::{MetricSchema, Metrics, metrics::Direction};
use serde_json::Value;

use super::{Table, count, number};

/// Shown for a metric that was not returned.
const MISSING: &str = "-";

/// A note on scores of runners that do not predict anything real.
pub const PLACEHOLDER_NOTE: &str = "placeholder scores: they are meaningless\n";

/// The threshold of Fmax, which runners return with the scores.
const TAU: &str = "tau";
/// The metric that [`TAU`] belongs to.
const FMAX: &str = "fmax";

/// The table, followed by notes for reading it. `scored` is the number of proteins that the scores
/// of a group are of, as far as that is known.
pub fn scores(schema: &MetricSchema, metrics: &Metrics, scored: &BTreeMap<&str, u64>) -> String {
    let mut text = if schema.groups.is_empty() {
        flat(schema, metrics)
    } else {
        grouped(schema, metrics, scored)
    };
    let lower: Vec<&str> = schema
        .metrics
        .iter()
        .filter(|metric| metric.direction == Direction::LowerIsBetter)
        .filter(|metric| is_returned(&metric.name, metrics))
        .map(|metric| metric.name.as_str())
        .collect();
    if schema.placeholder {
        text.push_str(PLACEHOLDER_NOTE);
    } else if !lower.is_empty() {
        writeln!(text, "lower is better for {}", lower.join(", "))
            .expect("writing to a String cannot fail");
    }
    text
}

fn is_returned(name: &str, metrics: &Metrics) -> bool {
    let in_group = |value: &Value| {
        value
            .as_object()
            .is_some_and(|group| group.contains_key(name))
    };
    metrics.contains_key(name) || metrics.values().any(in_group)
}

/// One row per group, declared groups first; one column per metric that any group has.
fn grouped(schema: &MetricSchema, metrics: &Metrics, scored: &BTreeMap<&str, u64>) -> String {
    let others = metrics.keys().filter(|name| !schema.groups.contains(name));
    let groups: Vec<(&str, &Metrics)> = schema
        .groups
        .iter()
        .chain(others)
        .filter_map(|group| Some((group.as_str(), metrics.get(group)?.as_object()?)))
        .collect();
    let has = |name: &str| groups.iter().any(|(_, values)| values.contains_key(name));
    let mut columns: Vec<&str> = schema.metrics.iter().map(|metric| &*metric.name).collect();
    if columns.contains(&FMAX) {
        columns.retain(|name| *name != TAU);
    }
    if let Some(fmax) = columns.iter().position(|name| *name == FMAX) {
        columns.insert(fmax + 1, TAU);
    }
    columns.retain(|name| has(name));
    let counts = groups.iter().any(|(group, _)| scored.contains_key(group));
    let headings = [""].into_iter().chain(columns.iter().copied());
    // Last, so that the scores stay where scripts that read this table expect them.
    let mut table = Table::new(1.., headings.chain(counts.then_some("proteins")));
    for (group, values) in &groups {
        let proteins = scored
            .get(group)
            .map_or_else(|| MISSING.to_owned(), |n| count(*n));
        let scores = columns.iter().map(|name| cell(values.get(*name)));
        let row = [(*group).to_owned()].into_iter().chain(scores);
        table.row(row.chain(counts.then_some(proteins)));
    }
    table.to_string()
}

/// One row per metric, declared metrics first.
fn flat(schema: &MetricSchema, metrics: &Metrics) -> String {
    let declared = schema.metrics.iter().map(|metric| metric.name.as_str());
    let is_declared = |name: &str| schema.metrics.iter().any(|metric| metric.name == name);
    let others = metrics
        .keys()
        .map(String::as_str)
        .filter(|name| !is_declared(name));
    let mut table = Table::new(1.., ["metric", "value"]);
    for name in declared.chain(others) {
        if let Some(value) = metrics.get(name) {
            table.row([name.to_owned(), cell(Some(value))]);
        }
    }
    table.to_string()
}

fn cell(value: Option<&Value>) -> String {
    match value.and_then(Value::as_f64) {
        Some(value) => number(value),
        None => MISSING.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protea_core::contracts::metrics::MetricDeclaration;
    use serde_json::json;

    fn metrics(value: Value) -> Metrics {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn groups_are_rows_and_returned_metrics_are_columns() {
        let text = scores(
            &MetricSchema::cafa(),
            &metrics(json!({
                "MFO": {"fmax": 0.5571, "auc_pr": 0.4, "coverage": 1.0, "smin": 7.5, "tau": 0.3},
                "CCO": {"fmax": 0.7, "auc_pr": 0.61, "coverage": 0.99},
            })),
            &BTreeMap::from([("MFO", 1200), ("BPO", 3)]),
        );
        insta::assert_snapshot!(text, @r"
              fmax    tau  auc_pr  coverage   smin  proteins
        MFO  0.557  0.300   0.400     1.000  7.500     1,200
        CCO  0.700      -   0.610     0.990      -         -
        lower is better for smin
        ");
    }

    #[test]
    fn flat_metrics_have_a_row_each_and_placeholders_a_note() {
        let schema = MetricSchema::flat(vec![MetricDeclaration::new(
            "r2",
            Direction::HigherIsBetter,
        )]);
        let text = scores(
            &schema.placeholder(),
            &metrics(json!({"extra": 1234.5, "r2": 0.25})),
            &BTreeMap::new(),
        );
        insta::assert_snapshot!(text, @r"
        metric   value
        r2       0.250
        extra   1234.5
        placeholder scores: they are meaningless
        ");
    }
}
