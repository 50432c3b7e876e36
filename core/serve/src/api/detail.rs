//! `/api/run/ID`: the content of the manifest of a run, and its child runs.

use protea_core::{
    RunManifest,
    contracts::{error::with_causes, metrics::flatten},
    workspace::{ListedRun, RecordedRun, RunKey, Status},
};
use serde_json::{Value, json};

use super::{
    ApiError,
    progress::progress,
    row::{number, row, shown, shown_up_to},
};
use crate::state::State;

/// The largest number of child runs that are listed.
const MOST_CHILDREN: usize = 1000;
/// The largest number of metrics and of settings that are listed.
const MOST_VALUES: usize = 1000;
/// The longest error in characters.
const LONGEST_ERROR: usize = 8000;

pub fn detail(state: &State, id: &str) -> Result<Value, ApiError> {
    let runs = state.runs();
    let run = runs.find(id).ok_or_else(ApiError::unknown_run)?;
    let children: Vec<&ListedRun> = runs
        .list()
        .runs
        .iter()
        .filter(|child| child.head.parent.as_deref() == Some(id))
        .collect();
    // A search says which metric matters; its trials are compared by that.
    let metric = run.head.spec["search"]["metric"].as_str();
    let shown_metrics: Vec<String> = match metric {
        Some(metric) => vec![metric.to_owned()],
        None => runs
            .choices
            .metrics
            .iter()
            .filter(|name| name.ends_with(".fmax") && !name.starts_with("best."))
            .take(3)
            .cloned()
            .collect(),
    };
    let keys: Vec<RunKey> = shown_metrics
        .iter()
        .map(|name| RunKey::Metric(name.clone()))
        .collect();
    let mut value = row(&runs, run, 0, &[]);
    let head = &run.head;
    value["vanished"] = json!(runs.status(run) != head.status);
    value["group"] = json!(head.group.as_deref().map(shown));
    value["project"] = json!(head.project.as_deref().map(shown));
    value["error"] = json!(
        head.error
            .as_ref()
            .map(|error| shown_up_to(error, LONGEST_ERROR))
    );
    value["notes"] = json!(head.notes.as_ref().map(|notes| shown_up_to(notes, 4000)));
    value["tags"] = head
        .tags
        .iter()
        .take(MOST_VALUES)
        .map(|(key, value)| json!([shown(key), shown(value)]))
        .collect();
    value["settings"] = settings(&head.spec)
        .into_iter()
        .map(|(key, value)| json!([shown(&key), shown(&value)]))
        .collect();
    value["scores"] = flatten(&head.metrics)
        .into_iter()
        .take(MOST_VALUES)
        .map(|(name, value)| json!([shown(&name), number(value)]))
        .collect();
    value["child_metrics"] = shown_metrics
        .iter()
        .map(|name| json!(shown(name)))
        .collect();
    value["children_total"] = json!(children.len());
    let shown_children = &children[..children.len().min(MOST_CHILDREN)];
    value["children"] = shown_children
        .iter()
        .map(|child| row(&runs, child, 0, &keys))
        .collect();
    let (directory, status) = (run.directory.clone(), runs.status(run));
    let is_running = status == Status::Running;
    let ended = children.iter();
    let ended = ended
        .filter(|child| runs.status(child) != Status::Running)
        .count();
    drop(runs);
    value["directory"] = json!(shown_up_to(&directory.to_string_lossy(), 2000));
    match RunManifest::read(&directory) {
        Ok(manifest) => {
            value["steps"] = manifest
                .steps
                .iter()
                .take(MOST_VALUES)
                .map(|step| {
                    let status = match step.status {
                        Status::Running if !is_running => Status::Killed,
                        status => status,
                    };
                    let used = step.resources.as_ref();
                    json!({
                        "name": shown(&step.name),
                        "status": status.name(),
                        "seconds": number(step.seconds),
                        "cpu_seconds": used.and_then(|used| used.cpu_seconds()).map(number),
                        "peak_memory": used.and_then(|used| used.peak_memory_bytes),
                        "note": step.note.as_deref().map(shown),
                    })
                })
                .collect();
            let run = RecordedRun {
                directory,
                manifest,
            };
            if let Some(found) = progress(&run, ended, status) {
                value["progress"] = found.progress;
                value["trials"] = found.trials;
            }
        }
        Err(error) => value["unreadable"] = json!(shown(&with_causes(&error))),
    }
    Ok(value)
}

/// The settings of a run by their paths, such as `weights.identity_sw`.
pub fn settings(spec: &Value) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    add(spec, String::new(), 0, &mut settings);
    settings
}

fn add(value: &Value, path: String, depth: usize, into: &mut Vec<(String, String)>) {
    if into.len() >= MOST_VALUES {
        return;
    }
    match value {
        Value::Object(object) if depth < 8 && !object.is_empty() => {
            for (key, value) in object {
                let path = match path.as_str() {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                add(value, path, depth + 1, into);
            }
        }
        Value::Null if path.is_empty() => {}
        Value::String(text) => into.push((path, text.clone())),
        other => into.push((path, other.to_string())),
    }
}
