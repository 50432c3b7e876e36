//! `protea runs compare`.

use std::collections::BTreeSet;

use protea_core::{RunManifest, contracts::metrics::flatten, workspace::RecordedRun};
use serde_json::{Map, Value, json};

use super::{find, workspace};
use crate::{
    args::CompareArgs,
    failure::Failure,
    output::{Report, Table, difference, number, plural},
};

const MISSING: &str = "-";

/// The values of a metric in several runs.
struct MetricRow {
    name: String,
    values: Vec<Option<f64>>,
}

/// Shows the settings that differ, and the metrics side by side.
pub fn compare(args: &CompareArgs) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let runs: Vec<RecordedRun> = args
        .runs
        .iter()
        .map(|run| find(&workspace, run))
        .collect::<Result<_, _>>()?;
    let params: Vec<Map<String, Value>> = runs.iter().map(|run| params(&run.manifest)).collect();
    let differing = differing(&params);
    let (own, differing) = without_own_settings(&runs, &params, differing);
    let metrics = metrics(&runs);
    let ids: Vec<&str> = runs.iter().map(|run| &*run.manifest.run_id).collect();

    let mut text = String::from("settings that differ\n");
    if differing.is_empty() {
        text.push_str("  none\n");
    } else {
        let mut table = Table::new(0..0, [""].into_iter().chain(ids.iter().copied()));
        for name in &differing {
            let cells = params.iter().map(|params| plain(params.get(name)));
            table.row([name.clone()].into_iter().chain(cells));
        }
        text.push_str(&table.to_string());
    }
    if own > 0 {
        let settings = plural(own as u64, "setting");
        text.push_str(&format!(
            "{settings} of only one of the runners: see `protea runs show`\n"
        ));
    }
    text.push_str("\nmetrics\n");
    if evaluation_datasets(&runs) > 1 {
        text.push_str(
            "the runs were scored on different datasets, so their scores cannot be compared\n",
        );
    }
    text.push_str(&metrics_table(&ids, &metrics));
    Ok(Report {
        text,
        json: to_json(&runs, &params, &differing, &metrics),
    })
}

/// Everything that determines a run, by name.
fn params(manifest: &RunManifest) -> Map<String, Value> {
    let mut params = Map::new();
    if let Some(runner) = &manifest.runner {
        params.extend([
            ("runner".to_owned(), json!(runner.name)),
            ("runner.version".to_owned(), json!(runner.version)),
            ("runner.sha256".to_owned(), json!(runner.sha256)),
        ]);
    }
    params.extend([
        ("pipeline".to_owned(), json!(manifest.pipeline)),
        ("seed".to_owned(), json!(manifest.seed)),
        ("threads".to_owned(), json!(manifest.threads)),
        ("isolation".to_owned(), json!(manifest.isolation)),
        ("protea".to_owned(), json!(manifest.host.protea)),
        ("platform".to_owned(), json!(manifest.host.platform)),
    ]);
    if let Some(code) = &manifest.code {
        params.insert("git".to_owned(), json!(code.commit));
    }
    for (role, dataset) in &manifest.datasets {
        for key in ["name", "sha256"] {
            params.insert(format!("{role}.{key}"), dataset[key].clone());
        }
    }
    flatten_into("spec", &manifest.spec, &mut params);
    params
}

/// Adds nested settings under names with dots.
fn flatten_into(prefix: &str, value: &Value, into: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                flatten_into(&format!("{prefix}.{name}"), value, into);
            }
        }
        Value::Null if prefix == "spec" => {}
        other => {
            into.insert(prefix.to_owned(), other.clone());
        }
    }
}

fn differing(params: &[Map<String, Value>]) -> Vec<String> {
    let mut names: Vec<&String> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in params.iter().flat_map(Map::keys) {
        if seen.insert(name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .filter(|name| {
            let mut values = params.iter().map(|params| params.get(*name));
            let first = values.next().flatten();
            values.any(|value| value != first)
        })
        .cloned()
        .collect()
}

/// Leaves out the settings that not all runs have because their runners differ. Returns how many.
fn without_own_settings(
    runs: &[RecordedRun],
    params: &[Map<String, Value>],
    differing: Vec<String>,
) -> (usize, Vec<String>) {
    let runner = |run: &RecordedRun| run.manifest.runner.as_ref().map(|r| r.name.clone());
    let runners: BTreeSet<Option<String>> = runs.iter().map(runner).collect();
    let all = differing.len();
    let shared: Vec<String> = differing
        .into_iter()
        .filter(|name| {
            let is_own = name.starts_with("spec.") && params.iter().any(|p| !p.contains_key(name));
            runners.len() < 2 || !is_own
        })
        .collect();
    (all - shared.len(), shared)
}

/// The number of different datasets that the runs were scored on.
fn evaluation_datasets(runs: &[RecordedRun]) -> usize {
    let eval = |run: &RecordedRun| {
        run.manifest.datasets.get("eval")?["sha256"]
            .as_str()
            .map(str::to_owned)
    };
    let datasets: BTreeSet<String> = runs.iter().filter_map(eval).collect();
    datasets.len()
}

fn metrics(runs: &[RecordedRun]) -> Vec<MetricRow> {
    let values: Vec<Vec<(String, f64)>> = runs
        .iter()
        .map(|run| flatten(&run.manifest.metrics))
        .collect();
    let mut names: Vec<&String> = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, _) in values.iter().flatten() {
        if seen.insert(name) {
            names.push(name);
        }
    }
    let value_of = |metrics: &Vec<(String, f64)>, name: &str| {
        let found = metrics.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    };
    names
        .into_iter()
        .map(|name| MetricRow {
            name: name.clone(),
            values: values
                .iter()
                .map(|metrics| value_of(metrics, name))
                .collect(),
        })
        .collect()
}

impl MetricRow {
    /// The differences of all other runs to the first.
    fn deltas(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        let first = self.values.first().copied().flatten();
        let others = self.values.iter().skip(1);
        others.map(move |value| Some((*value)? - first?))
    }
}

fn metrics_table(ids: &[&str], metrics: &[MetricRow]) -> String {
    if metrics.is_empty() {
        return "  none\n".to_owned();
    }
    let mut headings = vec![String::new()];
    headings.extend(ids.first().map(|id| (*id).to_owned()));
    for id in &ids[1..] {
        headings.extend([(*id).to_owned(), "difference".to_owned()]);
    }
    let mut table = Table::new(1.., headings);
    let cell = |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), number);
    for metric in metrics {
        let mut cells = vec![metric.name.clone()];
        cells.extend(metric.values.first().map(|value| cell(*value)));
        for (value, delta) in metric.values.iter().skip(1).zip(metric.deltas()) {
            cells.push(cell(*value));
            cells.push(delta.map_or_else(|| MISSING.to_owned(), difference));
        }
        table.row(cells);
    }
    table.to_string()
}

fn to_json(
    runs: &[RecordedRun],
    params: &[Map<String, Value>],
    differing: &[String],
    metrics: &[MetricRow],
) -> Value {
    let described: Vec<Value> = runs
        .iter()
        .map(|run| {
            let manifest = &run.manifest;
            json!({
                "run_id": manifest.run_id,
                "name": manifest.name,
                "status": manifest.status,
                "directory": run.directory.to_string_lossy(),
            })
        })
        .collect();
    let by_name = differing.iter().map(|name| {
        let values: Vec<Option<&Value>> = params.iter().map(|params| params.get(name)).collect();
        (name.clone(), json!(values))
    });
    let metrics = metrics.iter().map(|metric| {
        let deltas: Vec<Option<f64>> = metric.deltas().collect();
        let value = json!({ "values": metric.values, "differences": deltas });
        (metric.name.clone(), value)
    });
    json!({
        "runs": described,
        "params": Map::from_iter(by_name),
        "metrics": Map::from_iter(metrics),
    })
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => MISSING.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
