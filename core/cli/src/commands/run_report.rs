//! What commands print about a run: its scores, its places, and the object for `--json`.

use std::path::Path;

use protea_core::{FinishedRun, Runner, experiment::GroupedRun, store, workspace::RUN_MANIFEST};
use serde_json::{Value, json};
use url::Url;

use crate::output::{Lines, display_path, plural, relative_to, scores};

/// The object that `--json` prints for a run.
pub fn run_json(runner: &Runner, run: &FinishedRun) -> Value {
    let manifest = &run.manifest;
    json!({
        "run_id": manifest.run_id,
        "job_id": manifest.job_id,
        "runner": manifest.runner.as_ref().map(|runner| &runner.name),
        "runner_version": manifest.runner.as_ref().map(|runner| &runner.version),
        "pipeline": manifest.pipeline,
        "status": manifest.status,
        "spec": manifest.spec,
        "seed": manifest.seed,
        "datasets": manifest.datasets,
        "model_uri": manifest.model_uri,
        "metrics": manifest.metrics,
        "placeholder": runner.capabilities().metrics.placeholder,
        "steps": manifest.steps,
        "artifacts": {
            "directory": manifest.artifacts.directory.to_string_lossy(),
            "manifest": run.directory.join(RUN_MANIFEST).to_string_lossy(),
            "predictions": manifest.artifacts.predictions.as_deref().map(Path::to_string_lossy),
            "export": manifest.artifacts.export,
        },
    })
}

/// The object that `--json` prints for a run that groups others.
pub fn grouped_json<T>(run: &GroupedRun<T>) -> Value {
    let manifest = &run.manifest;
    json!({
        "run_id": manifest.run_id,
        "job_id": manifest.job_id,
        "runner": manifest.runner.as_ref().map(|runner| &runner.name),
        "runner_version": manifest.runner.as_ref().map(|runner| &runner.version),
        "pipeline": manifest.pipeline,
        "status": manifest.status,
        "seed": manifest.seed,
        "artifacts": {
            "directory": run.directory.to_string_lossy(),
            "manifest": run.directory.join(RUN_MANIFEST).to_string_lossy(),
        },
    })
}

/// The table of a run's scores.
pub fn score_table(runner: &Runner, run: &FinishedRun) -> String {
    let manifest = &run.manifest;
    scores(
        &runner.capabilities().metrics,
        &manifest.metrics,
        &manifest.scored(),
    )
}

/// The run's directory, and where the model, predictions and export are in it.
pub fn places(run: &FinishedRun) -> String {
    let manifest = &run.manifest;
    let place_of_path = |path: &Path| {
        if path.starts_with(&run.directory) {
            relative_to(&run.directory, path)
        } else {
            display_path(path)
        }
    };
    let place_of = |uri: &Url| match store::local_path(uri) {
        Ok(path) => place_of_path(&path),
        Err(_) => uri.to_string(),
    };
    let mut lines = Lines::default();
    lines.add("run", manifest.run_id.as_str());
    lines.add("  directory", display_path(&run.directory));
    if let Some(model) = &manifest.model_uri {
        lines.add("  model", place_of(model));
    }
    if let Some(predictions) = &manifest.artifacts.predictions {
        lines.add("  predictions", place_of_path(predictions));
    }
    let exported = &manifest.artifacts.export;
    if let Some(directory) = exported.first().and_then(|file| file.uri.join(".").ok()) {
        let files = plural(exported.len() as u64, "file");
        lines.add("  export", format!("{} ({files})", place_of(&directory)));
    }
    lines.add("  manifest", RUN_MANIFEST);
    lines.to_string()
}
