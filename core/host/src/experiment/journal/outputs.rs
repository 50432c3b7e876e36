//! The outputs of a step.

use std::{io::Read, path::Path};

use protea_contracts::{content::digest_reader, model::FILE_NAME as MODEL_FILE};
use protea_files::{Directory, Limits, Links, Never};
use serde_json::Value;
use url::Url;

use crate::experiment::observer::Step;
use crate::{
    store,
    workspace::{RUN_MANIFEST, Rows, RunManifest, StepOutput, StepRecord},
};

/// A model's document up to this size is hashed.
const SMALL: u64 = 1 << 20;
/// The most files of predictions that are listed.
const MOST_FILES: usize = 100;

/// The output rows: files of an export, or predictions if the runner reports their number.
pub(super) fn rows(step: Step, record: &StepRecord, manifest: &RunManifest) -> Option<Rows> {
    let (count, of) = match step {
        Step::Fit | Step::Explain | Step::Predict => return None,
        Step::Evaluate => {
            let said = record.extras.get("predictions").and_then(Value::as_u64);
            (said?, "predictions")
        }
        Step::Export => (manifest.artifacts.export.len() as u64, "files"),
    };
    Some(Rows {
        count,
        of: of.to_owned(),
    })
}

/// The files that a step wrote.
pub(super) fn files(step: Step, manifest: &RunManifest) -> Vec<StepOutput> {
    match step {
        Step::Explain | Step::Predict => Vec::new(),
        Step::Fit => manifest.model_uri.iter().map(model).collect(),
        Step::Evaluate => {
            let directory = manifest.artifacts.predictions.as_deref();
            directory.map(predictions).unwrap_or_default()
        }
        Step::Export => {
            let files = manifest.artifacts.export.iter();
            files
                .map(|file| StepOutput {
                    role: file.role.clone(),
                    uri: file.uri.clone(),
                    sha256: Some(file.sha256),
                    bytes: Some(file.bytes),
                })
                .collect()
        }
    }
}

fn model(uri: &Url) -> StepOutput {
    let path = store::local_path(uri).ok();
    let file = path
        .as_deref()
        .and_then(|path| protea_files::open(path, Links::Refuse).ok());
    let size = file
        .as_ref()
        .and_then(|file| Some(file.metadata().ok()?.len()));
    let document = path
        .filter(|path| path.file_name().is_some_and(|name| name == MODEL_FILE))
        .filter(|_| size.is_some_and(|size| size <= SMALL))
        .and(file)
        .and_then(|file| digest_reader(file.take(SMALL)).ok());
    StepOutput {
        role: "model".to_owned(),
        uri: uri.clone(),
        sha256: document.map(|(sha256, _)| sha256),
        bytes: size,
    }
}

fn predictions(directory: &Path) -> Vec<StepOutput> {
    let tree = Directory::open(directory, Links::Refuse)
        .and_then(|directory| directory.walk(&Limits::default(), &Never));
    let files = tree.map(|tree| tree.files).unwrap_or_default();
    let mut files: Vec<StepOutput> = files
        .into_iter()
        .filter(|file| file.path.components().count() == 1)
        .filter_map(|file| {
            Some(StepOutput {
                role: "predictions".to_owned(),
                uri: store::uri_of(&directory.join(&file.path)).ok()?,
                sha256: None,
                bytes: Some(file.bytes),
            })
        })
        .collect();
    files.sort_by(|a, b| a.uri.cmp(&b.uri));
    files.truncate(MOST_FILES);
    files
}

/// Where everything is, as lines of the log.
pub(super) fn places(manifest: &RunManifest, directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(model) = &manifest.model_uri {
        lines.push(format!("Output: role=model uri={model}"));
    }
    if let Some(predictions) = &manifest.artifacts.predictions {
        let path = predictions.display();
        lines.push(format!("Output: role=predictions path={path}"));
    }
    let exported = &manifest.artifacts.export;
    if let Some(place) = exported.first().and_then(|file| file.uri.join(".").ok()) {
        let bytes: u64 = exported.iter().map(|file| file.bytes).sum();
        lines.push(format!(
            "Output: role=export files={} bytes={bytes} uri={place}",
            exported.len()
        ));
    }
    let path = directory.join(RUN_MANIFEST);
    lines.push(format!("Output: role=manifest path={}", path.display()));
    lines
}
