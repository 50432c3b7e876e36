//! Reads and writes the documents of a plan directory.

use std::{fs, io, path::Path};

use protea_files::read_document;
use serde::{Serialize, de::DeserializeOwned};

use super::error::EngineError;

/// The result of a task, in its directory.
pub(super) const RESULT: &str = "result.json";

pub(super) fn names(directory: &Path) -> Result<Vec<String>, EngineError> {
    let entries = fs::read_dir(directory).map_err(EngineError::read(directory))?;
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    Ok(entries.flatten().map(name).collect())
}

pub(super) fn document<T: DeserializeOwned>(path: &Path) -> Result<T, EngineError> {
    serde_json::from_slice(&read_document(path)?).map_err(|error| EngineError::Document {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

pub(super) fn pretty(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}
