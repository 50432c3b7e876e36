//! `/api/compare?runs=A,B`: what differs between runs, and their scores.

use std::collections::{BTreeMap, BTreeSet};

use protea_core::{contracts::metrics::flatten, workspace::ListedRun};
use serde_json::{Value, json};

use super::{
    ApiError,
    detail::settings,
    row::{number, row, shown},
};
use crate::{http::Request, state::State};

/// The largest number of runs that are compared.
const MOST_RUNS: usize = 20;

pub fn compare(state: &State, request: &Request) -> Result<Value, ApiError> {
    let ids = request.value("runs").unwrap_or_default().split(',');
    let ids: Vec<&str> = ids.filter(|id| !id.is_empty()).collect();
    if ids.len() < 2 || ids.len() > MOST_RUNS {
        let message = format!("Choose 2 to {MOST_RUNS} runs.");
        return Err(ApiError::bad(message));
    }
    let runs = state.runs();
    let found: Option<Vec<&ListedRun>> = ids.iter().map(|id| runs.find(id)).collect();
    let found = found.ok_or_else(ApiError::unknown_run)?;
    let specs = found.iter().map(|run| described(run));
    let specs: Vec<BTreeMap<String, String>> = specs.collect();
    let keys: BTreeSet<&String> = specs.iter().flat_map(BTreeMap::keys).collect();
    let differing = keys.into_iter().filter_map(|key| {
        let values: Vec<Option<&String>> = specs.iter().map(|spec| spec.get(key)).collect();
        let differs = values.iter().any(|value| value != &values[0]);
        differs.then(|| {
            let values: Vec<_> = values
                .iter()
                .map(|value| value.map(|value| shown(value)))
                .collect();
            json!([shown(key), values])
        })
    });
    let scores: Vec<BTreeMap<String, f64>> = found
        .iter()
        .map(|run| flatten(&run.head.metrics).into_iter().collect())
        .collect();
    let names: BTreeSet<&String> = scores.iter().flat_map(BTreeMap::keys).collect();
    let metrics = names.into_iter().take(1000).map(|name| {
        let values: Vec<Value> = scores
            .iter()
            .map(|scores| scores.get(name).map_or(Value::Null, |value| number(*value)))
            .collect();
        // Runners do not say whether lower is better; these are by their definition.
        let ends = ["smin", "loss", "error"];
        let lower_is_better = ends.iter().any(|end| name.ends_with(end));
        json!({
            "name": shown(name),
            "values": values,
            "lower_is_better": lower_is_better,
        })
    });
    let evaluated: BTreeSet<_> = found
        .iter()
        .map(|run| run.head.evaluated_on().map(|dataset| dataset.sha256))
        .collect();
    Ok(json!({
        "runs": found.iter().map(|run| row(&runs, run, 0, &[])).collect::<Vec<_>>(),
        "settings": differing.collect::<Vec<_>>(),
        "metrics": metrics.collect::<Vec<_>>(),
        "same_dataset": evaluated.len() == 1,
    }))
}

/// What can differ: runner, seed, datasets and settings.
fn described(run: &ListedRun) -> BTreeMap<String, String> {
    let head = &run.head;
    let mut all: BTreeMap<String, String> = settings(&head.spec).into_iter().collect();
    if let Some(runner) = &head.runner {
        let text = format!("{} {}", runner.name, runner.version);
        all.insert("(runner)".to_owned(), text);
    }
    all.insert("(seed)".to_owned(), head.seed.to_string());
    for (role, dataset) in &head.datasets {
        let text = |key: &str| dataset[key].as_str().unwrap_or("–").to_owned();
        let mut hash = text("sha256");
        hash.truncate(hash.floor_char_boundary(8));
        all.insert(
            format!("(dataset {role})"),
            format!("{} {hash}", text("name")),
        );
    }
    all
}
