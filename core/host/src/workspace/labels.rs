//! Tags and notes that people give a run after it was recorded.
//!
//! They are in a file of their own beside the manifest: the manifest stays the record of what ran, and
//! an active run, which writes its manifest again and again, does not overwrite them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use protea_files::{PARTIAL, remove_abandoned};
use serde::{Deserialize, Serialize};

use super::{Workspace, WorkspaceError, exclusive};
use crate::store::{StoreError, write_atomic};

/// The file with the tags and notes that a run was given after it was recorded.
pub const RUN_LABELS: &str = "run_labels.json";

/// What people changed of the tags and notes of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunLabels {
    /// By name, the value of a tag; `null` removes the tag of the manifest.
    #[serde(default)]
    pub tags: BTreeMap<String, Option<String>>,
    /// The notes that replace those of the manifest; an empty string removes them.
    #[serde(default)]
    pub notes: Option<String>,
}

/// Why the labels of a run cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read as tags and notes of a run: {reason}", path.display())]
#[non_exhaustive]
pub struct RunLabelsError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

impl RunLabels {
    /// The labels in a run's directory. Those of a run without the file are empty.
    ///
    /// # Errors
    ///
    /// [`RunLabelsError`].
    pub fn read(directory: &Path) -> Result<Self, RunLabelsError> {
        let path = directory.join(RUN_LABELS);
        let bytes = match protea_files::read_document(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(Self::default()),
            Err(error) => {
                let reason = error.reason();
                return Err(RunLabelsError { path, reason });
            }
        };
        serde_json::from_slice(&bytes).map_err(|error| RunLabelsError {
            path,
            reason: error.to_string(),
        })
    }

    /// Changes the tags and notes of a manifest.
    pub(super) fn apply(&self, tags: &mut BTreeMap<String, String>, notes: &mut Option<String>) {
        for (name, value) in &self.tags {
            match value {
                Some(value) => tags.insert(name.clone(), value.clone()),
                None => tags.remove(name),
            };
        }
        if let Some(text) = &self.notes {
            *notes = (!text.is_empty()).then(|| text.clone());
        }
    }
}

impl Workspace {
    /// Changes the labels of the run in a directory, such as that of a
    /// [`RecordedRun`](super::RecordedRun). Two processes that do so wait for each other.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Labels`] when they cannot be read, [`WorkspaceError::Store`] when they
    /// cannot be written.
    pub fn label_run(
        &self,
        directory: &Path,
        change: impl FnOnce(&mut RunLabels),
    ) -> Result<RunLabels, WorkspaceError> {
        let lock = exclusive::lock(self.directory())?;
        remove_abandoned(directory, &[OsStr::new(PARTIAL)]);
        let mut labels = RunLabels::read(directory)?;
        change(&mut labels);
        let path = directory.join(RUN_LABELS);
        let mut text = serde_json::to_vec_pretty(&labels)
            .map_err(|error| StoreError::write(&path)(error.into()))?;
        text.push(b'\n');
        write_atomic(&path, &text)?;
        drop(lock);
        Ok(labels)
    }
}
