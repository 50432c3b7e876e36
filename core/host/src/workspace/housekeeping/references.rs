//! Which runs the documents of other runs, and exports elsewhere, refer to.
//!
//! A reference is the id of a run in a document: the path of its model, the trial of a search, the
//! dataset in its directory. Every document is read, whatever it is for, so that a kind of reference
//! that is added later is found too.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use protea_files::Links;
use protea_tracking::RunId;
use serde_json::Value;

use super::super::{ListedRun, RUN_LABELS, RUN_MANIFEST, RunManifest, leftovers::entries, moved};
use crate::store;

/// The largest document that is searched, in bytes. Larger ones are data.
const LARGEST: u64 = 16 << 20;
/// The directories of a run that have documents.
const PLACES: [&str; 3] = ["", "model", "export"];
/// The endings of documents.
const ENDINGS: [&str; 5] = ["json", "jsonl", "tsv", "yaml", "txt"];

/// What refers to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// The run that the document belongs to.
    pub(super) by: RunId,
    pub(super) document: PathBuf,
    pub(super) is_export: bool,
}

/// What refers to each run, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct References {
    pub(super) to: HashMap<RunId, Vec<Reference>>,
    pub(super) unreadable: Vec<(RunId, PathBuf)>,
}

impl References {
    /// Searches the documents of all runs.
    pub(super) fn search(runs: &[ListedRun]) -> Self {
        let ids: HashSet<&str> = runs.iter().map(|run| run.head.run_id.as_str()).collect();
        let mut found = Self::default();
        for run in runs {
            found.search_run(run, &ids);
        }
        found
    }

    fn search_run(&mut self, run: &ListedRun, ids: &HashSet<&str>) {
        let by = &run.head.run_id;
        for place in PLACES {
            for document in documents(&run.directory.join(place)) {
                let Some(text) = self.read(by, &document) else {
                    continue;
                };
                let text = match document.file_name() {
                    Some(name) if name == RUN_LABELS => continue,
                    Some(name) if name == RUN_MANIFEST => without_prose(text),
                    _ => text,
                };
                let mentioned: HashSet<&str> = words(&text)
                    .filter_map(|word| ids.get(word).copied())
                    .collect();
                self.add(by, &document, false, mentioned);
            }
        }
        for export in exports_elsewhere(&run.directory) {
            for document in documents(&export) {
                if let Some(text) = self.read(by, &document) {
                    let mentioned = directories(&text)
                        .filter_map(|word| ids.get(word).copied())
                        .collect();
                    self.add(by, &document, true, mentioned);
                }
            }
        }
    }

    fn read(&mut self, by: &RunId, document: &Path) -> Option<String> {
        match protea_files::read(document, Links::Refuse, LARGEST) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.is_not_found() => None,
            Err(_) => {
                self.unreadable.push((by.clone(), document.to_owned()));
                None
            }
        }
    }

    fn add(&mut self, by: &RunId, document: &Path, is_export: bool, mentioned: HashSet<&str>) {
        for id in mentioned {
            // A run names itself everywhere; its export elsewhere needs it only for its files.
            if id == by.as_str() && !is_export {
                continue;
            }
            self.to.entry(id.into()).or_default().push(Reference {
                by: by.clone(),
                document: document.to_owned(),
                is_export,
            });
        }
    }
}

/// The documents directly in a directory.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let is_document = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    let files = entries(directory).filter(|(_, is_directory)| !is_directory);
    files.map(|(path, _)| path).filter(is_document).collect()
}

/// The directories outside of the run to which it exported.
fn exports_elsewhere(directory: &Path) -> Vec<PathBuf> {
    let Ok(mut manifest) = RunManifest::read(directory) else {
        return Vec::new();
    };
    moved::follow(directory, &mut manifest);
    let files = manifest.artifacts.export.iter();
    let mut places: Vec<PathBuf> = files
        .filter_map(|file| store::local_path(&file.uri).ok())
        .filter_map(|path| path.parent().map(Path::to_owned))
        .filter(|place| !place.starts_with(directory))
        .collect();
    places.sort();
    places.dedup();
    places
}

/// The manifest without what people wrote: a run is not needed because a note mentions it, nor because
/// it is the parent.
fn without_prose(text: String) -> String {
    let Ok(Value::Object(mut manifest)) = serde_json::from_str(&text) else {
        return text;
    };
    for key in [
        "notes", "tags", "name", "group", "project", "error", "parent",
    ] {
        manifest.remove(key);
    }
    Value::Object(manifest).to_string()
}

/// The words of a text that could be ids of runs.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
}

/// The names of directories in the paths of a text: words between two slashes.
fn directories(text: &str) -> impl Iterator<Item = &str> {
    text.split('/').skip(1).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_paths_uris_and_tables() {
        let id = "20261121T100000Z-knn-00000a";
        for text in [
            format!("{{\"model_uri\": \"file:///w/artifacts/experiment/{id}/model/model.json\"}}"),
            format!("1\t0.5\t{id}\t"),
            format!("a, {id};"),
        ] {
            assert!(words(&text).any(|word| word == id), "{text}");
        }
        assert!(!words(&format!("x{id}")).any(|word| word == id));
        let path = format!("\"/w/experiment/{id}/model\"");
        assert!(directories(&path).any(|word| word == id));
        assert!(!directories(&format!("\"run_id\": \"{id}\"")).any(|word| word == id));
    }
}
