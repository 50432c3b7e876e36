//! The text of a run that the search of the list looks in.

use protea_core::workspace::ListedRun;
use serde_json::Value;

/// Id, kind, status, names, notes, runner, dataset, tags and settings in lower case.
pub fn search_text(run: &ListedRun) -> String {
    let head = &run.head;
    let mut text = format!("{} {} {}\n", head.run_id, head.pipeline, head.status.name());
    let more = [&head.name, &head.project, &head.group, &head.notes];
    for part in more.into_iter().flatten() {
        text.push_str(part);
        text.push('\n');
    }
    if let Some(runner) = &head.runner {
        text.push_str(&format!("{} {}\n", runner.name, runner.version));
    }
    if let Some(dataset) = head.evaluated_on() {
        text.push_str(dataset.name);
        text.push('\n');
    }
    for (key, value) in &head.tags {
        text.push_str(&format!("{key}={value}\n"));
    }
    if let Some(settings) = head.spec.as_object() {
        for (key, value) in settings {
            match value {
                Value::String(value) => text.push_str(&format!("{key}={value}\n")),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
                value => text.push_str(&format!("{key}={value}\n")),
            }
        }
    }
    text.to_lowercase()
}
