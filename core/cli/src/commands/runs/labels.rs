//! `protea runs tag` and `protea runs note`.

use std::collections::BTreeMap;

use protea_core::{Workspace, workspace::RecordedRun};
use serde_json::{Value, json};

use super::{find, workspace};
use crate::{
    args::{NoteArgs, TagArgs},
    exit::Exit,
    failure::Failure,
    output::{Lines, Report},
};

/// Adds, changes and removes tags.
pub fn tag(args: &TagArgs) -> Result<Report, Failure> {
    let set: Vec<(&str, &str)> = args
        .tags
        .iter()
        .map(|tag| named(tag.split_once('=').unwrap_or((tag, ""))))
        .collect::<Result<_, _>>()?;
    let workspace = workspace(&args.workspace)?;
    // All are found before the first is changed.
    let runs = args.runs.iter().map(|run| find(&workspace, run));
    let runs: Vec<RecordedRun> = runs.collect::<Result<_, _>>()?;
    for run in &runs {
        workspace.label_run(&run.directory, |labels| {
            for name in &args.remove {
                labels.tags.insert(name.clone(), None);
            }
            for (name, value) in &set {
                let value = Some((*value).to_owned());
                labels.tags.insert((*name).to_owned(), value);
            }
        })?;
    }
    shown(&workspace, &runs)
}

/// Writes or removes the notes of a run.
pub fn note(args: &NoteArgs) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let run = find(&workspace, &args.run)?;
    let text = args.text.clone().unwrap_or_default();
    workspace.label_run(&run.directory, |labels| labels.notes = Some(text))?;
    shown(&workspace, &[run])
}

fn named<'t>((name, value): (&'t str, &'t str)) -> Result<(&'t str, &'t str), Failure> {
    if name.trim().is_empty() {
        let message = format!("--set {name}={value}: the tag has no name; write --set KEY=VALUE");
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok((name, value))
}

/// The runs as they are now.
fn shown(workspace: &Workspace, runs: &[RecordedRun]) -> Result<Report, Failure> {
    let mut lines = Lines::default();
    let mut entries: Vec<Value> = Vec::new();
    for run in runs {
        let manifest = find(workspace, &run.directory.to_string_lossy())?.manifest;
        lines.add("run", manifest.run_id.as_str());
        lines.add("tags", in_words(&manifest.tags));
        if let Some(notes) = &manifest.notes {
            lines.add("notes", notes);
        }
        entries.push(json!({
            "run_id": manifest.run_id, "tags": manifest.tags, "notes": manifest.notes,
        }));
    }
    Ok(Report {
        text: lines.to_string(),
        json: json!({ "runs": entries }),
    })
}

/// The tags of a run in one line.
pub(super) fn in_words(tags: &BTreeMap<String, String>) -> String {
    if tags.is_empty() {
        return "none".to_owned();
    }
    let tags: Vec<String> = tags
        .iter()
        .map(|(name, value)| match value.as_str() {
            "" => name.clone(),
            value => format!("{name}={value}"),
        })
        .collect();
    tags.join(", ")
}
