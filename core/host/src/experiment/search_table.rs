//! The trials of a search as a table in a file.

use std::path::{Path, PathBuf};

use protea_contracts::metrics::flatten;

use super::{
    error::ExperimentError,
    tsv::{Tsv, free_name},
};
use crate::search::{Setting, Trial};

/// Writes `search.tsv` to the run's directory and gives its path: what depends on the search alone
/// first, what depends on when and how it was done behind.
pub(super) fn write(
    directory: &Path,
    settings: &[Setting],
    trials: &[Trial],
) -> Result<PathBuf, ExperimentError> {
    let mut metrics: Vec<String> = Vec::new();
    for (name, _) in trials.iter().flat_map(|trial| flatten(&trial.metrics)) {
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let keys: Vec<&str> = settings.iter().map(Setting::key).collect();
    let mut table = Tsv::default();
    let own = ["status", "origin", "seconds", "run_id", "error"];
    table.row(
        ["trial", "score"]
            .into_iter()
            .chain(keys.iter().copied())
            .chain(metrics.iter().map(String::as_str))
            .chain(own)
            .map(str::to_owned),
    );
    for trial in trials {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let values = flatten(&trial.metrics);
        let value = |name: &String| {
            let found = values.iter().find(|(other, _)| other == name);
            number(found.map(|(_, value)| *value))
        };
        let param = |key: &&str| match trial.params.get(*key) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        let mut cells = vec![trial.number.to_string(), number(trial.score)];
        cells.extend(keys.iter().map(param));
        cells.extend(metrics.iter().map(value));
        cells.extend([
            trial.status.name().to_owned(),
            trial.origin.name().to_owned(),
            format!("{:.3}", trial.seconds),
            trial.run_id.as_deref().unwrap_or_default().to_owned(),
            trial.error.clone().unwrap_or_default(),
        ]);
        table.row(cells);
    }
    let path = free_name(directory, "search");
    table.write(&path)?;
    Ok(path)
}
