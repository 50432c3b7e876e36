//! A job's document: how the job stands, and the tracker that it is bound to.

use protea_files::{Access, Lock, lock_within};
use protea_tracking::{RunId, RunStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Job, WorkspaceError, places::LOCK_PATIENCE};
use crate::store::{StoreError, write_atomic};

const DOCUMENT: &str = "signac_job_document.json";

/// A job's document, `signac_job_document.json`; signac for Python shows it as `job.doc`.
///
/// Keys of other programs are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobDocument {
    /// How the job stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The id of the run in the job's event log that its status is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The tracker that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<TrackerBinding>,
    /// What else is in it.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The run of a backend that a job is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrackerBinding {
    /// The backend's name.
    pub backend: String,
    /// The id of the run, as the backend knows it.
    pub run_id: String,
    /// The address of the run in a browser.
    pub url: Option<String>,
    /// What it belongs to.
    pub project: Option<String>,
    /// What it is compared within: `<hypothesis>/<experiment>/<condition>`.
    pub group: Option<String>,
    /// Whether no server is talked to.
    #[serde(default)]
    pub offline: bool,
    /// The id of the run in the job's event log.
    pub log: RunId,
}

impl Job {
    /// Its document. Empty if the file is missing.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`], [`WorkspaceError::Document`].
    pub fn document(&self) -> Result<JobDocument, WorkspaceError> {
        let path = self.directory().join(DOCUMENT);
        let bytes = match protea_files::read_document(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(JobDocument::default()),
            Err(error) => return Err(StoreError::from(error).into()),
        };
        serde_json::from_slice(&bytes).map_err(|source| WorkspaceError::Document { path, source })
    }

    /// Changes its document; a reader sees the one before or the changed one, whole, and two
    /// processes that change it wait for each other.
    ///
    /// # Errors
    ///
    /// As [`document`](Self::document).
    pub fn update_document(
        &self,
        change: impl FnOnce(&mut JobDocument),
    ) -> Result<JobDocument, WorkspaceError> {
        let path = self.directory().join(DOCUMENT);
        let lock = self.directory().join(".document.lock");
        let lock = protea_files::open_to_write(&lock, Access::Update)
            .map_err(std::io::Error::from)
            .and_then(|file| lock_within(&file, Lock::Exclusive, LOCK_PATIENCE).map(|()| file))
            .map_err(StoreError::write(&lock))?;
        let mut document = self.document()?;
        change(&mut document);
        let text = serde_json::to_vec(&document)
            .map_err(|error| StoreError::write(&path)(error.into()))?;
        write_atomic(&path, &text)?;
        drop(lock);
        Ok(document)
    }
}
