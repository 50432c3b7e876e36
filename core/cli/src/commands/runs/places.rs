//! Where a run's files are, and where its backends have it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_core::{
    store,
    tracking::Cursor,
    workspace::{RUN_LOG, RUN_MANIFEST, RecordedRun},
};
use serde_json::Value;

use crate::output::{Lines, display_path, plural, relative_to};

/// How a backend refers to the run, from `<backend>.json` in the directory of the event log.
pub(super) struct BackendReference {
    pub(super) backend: String,
    pub(super) url: Option<String>,
    pub(super) reference: Value,
    /// How many events the backend refused.
    pub(super) refused_events: u64,
}

/// `<job>/tracker_log/<run_id>`, for a run in `<job>/artifacts/<pipeline>/<run_id>`.
pub(super) fn tracker_log(run: &RecordedRun) -> Option<PathBuf> {
    let job = run.directory.ancestors().nth(3)?;
    let directory = job.join("tracker_log").join(&run.manifest.run_id);
    directory.is_dir().then_some(directory)
}

pub(super) fn trackers(run: &RecordedRun) -> Vec<BackendReference> {
    let directory = tracker_log(run);
    let entries = directory.and_then(|directory| fs::read_dir(directory).ok());
    let mut references: Vec<BackendReference> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| cursor(&path))
        .collect();
    references.sort_by(|a, b| a.backend.cmp(&b.backend));
    references
}

fn cursor(path: &Path) -> Option<BackendReference> {
    let cursor: Value = serde_json::from_slice(&protea_files::read_document(path).ok()?).ok()?;
    let reference = cursor.get("reference").cloned().unwrap_or_default();
    Some(BackendReference {
        backend: cursor.get("backend")?.as_str()?.to_owned(),
        url: reference["url"].as_str().map(str::to_owned),
        reference,
        refused_events: serde_json::from_value::<Cursor>(cursor.clone())
            .map_or(0, |cursor| cursor.refused_events()),
    })
}

pub(super) fn places(run: &RecordedRun, trackers: &[BackendReference]) -> Lines {
    let manifest = &run.manifest;
    let mut lines = Lines::default();
    lines.add("directory", display_path(&run.directory));
    if let Some(model) = &manifest.model_uri {
        let place = store::local_path(model)
            .map_or_else(|_| model.to_string(), |path| within(&run.directory, &path));
        lines.add("model", place);
    }
    if let Some(predictions) = &manifest.artifacts.predictions {
        lines.add("predictions", within(&run.directory, predictions));
    }
    let exported = &manifest.artifacts.export;
    if let Some(place) = exported.first().and_then(|file| file.uri.join(".").ok()) {
        let place = store::local_path(&place)
            .map_or_else(|_| place.to_string(), |path| within(&run.directory, &path));
        lines.add(
            "export",
            format!("{place} ({})", plural(exported.len() as u64, "file")),
        );
    }
    lines.add("manifest", RUN_MANIFEST);
    lines.add("log", RUN_LOG);
    if let Some(events) = tracker_log(run) {
        lines.add("events", display_path(&events.join("events.jsonl")));
    }
    for tracker in trackers {
        let link = match (&tracker.url, tracker.reference.is_null()) {
            (Some(url), _) => url.clone(),
            (None, false) => "sent; it has no URL".to_owned(),
            (None, true) => "not sent yet; `protea sync` sends it".to_owned(),
        };
        lines.add("tracker", format!("{}: {link}", tracker.backend));
        if tracker.refused_events > 0 {
            lines.add(
                "",
                format!(
                    "it refused {}; `protea sync` says which and tries again",
                    plural(tracker.refused_events, "event")
                ),
            );
        }
    }
    lines
}

/// A path relative to the run's directory if it is inside it.
fn within(directory: &Path, path: &Path) -> String {
    if path.starts_with(directory) {
        relative_to(directory, path)
    } else {
        display_path(path)
    }
}
