//! Frozen datasets: a directory whose `dataset.json` lists every file with its SHA-256. This module
//! does not know the content of the files; runners do.

use std::path::{Path, PathBuf};

use protea_contracts::{Sha256, content::ContentError};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::{self, Lease, Store, StoreError, StoreManifest};

/// The file that makes a directory a frozen dataset.
pub const MANIFEST: &str = store::DATASET_MANIFEST;

/// A complete and unchanged frozen dataset on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its local URI, which a runner receives.
    pub uri: Url,
    /// Its identity: the SHA-256 of its manifest.
    pub sha256: Sha256,
    /// The remote URI that it was fetched from, if any, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Url>,
    /// Keeps what was fetched.
    #[serde(skip)]
    lease: Lease,
}

impl Dataset {
    /// What keeps it in the cache, if it was fetched.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// A dataset on this machine whose files have not been checked.
    #[must_use]
    pub fn unchecked(name: String, uri: Url, sha256: Sha256) -> Self {
        Self {
            name,
            ..Self::known(uri, sha256, Lease::default())
        }
    }

    /// A dataset on this machine of which only the identity is known.
    pub(crate) fn known(uri: Url, sha256: Sha256, lease: Lease) -> Self {
        Self {
            name: String::new(),
            uri,
            sha256,
            origin: None,
            lease,
        }
    }

    /// Its origin if it is remote, otherwise its local URI.
    #[must_use]
    pub fn source(&self) -> &Url {
        self.origin.as_ref().unwrap_or(&self.uri)
    }
}

/// Why a location is not a usable frozen dataset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageDatasetError {
    /// The place cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such directory.
    #[error("there is no dataset at {}: no such directory", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The path is a file. A dataset is a directory.
    #[error("{} is a file, not a frozen dataset", path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// There is no dataset at the remote URI.
    #[error("there is no dataset at {uri}: it has no {MANIFEST}")]
    NotThere {
        /// The URI, without secrets.
        uri: String,
    },
    /// The dataset has changed since the model was fitted.
    #[error(
        "the dataset at {uri} has changed: its manifest has SHA-256 {found}, the model was fitted on {expected}; restore that dataset, or fit again"
    )]
    Replaced {
        /// The URI, without secrets.
        uri: String,
        /// The identity that the model names.
        expected: Sha256,
        /// The identity that was found.
        found: Sha256,
    },
    /// The directory has no manifest.
    #[error(
        "{} is not a frozen dataset: it has no {MANIFEST}",
        path.display()
    )]
    NotFrozen {
        /// The directory.
        path: PathBuf,
    },
    /// The manifest cannot be understood.
    #[error("{} is not a dataset's manifest: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not what the manifest lists.
    #[error("the dataset at {} has changed since it was frozen", path.display())]
    Changed {
        /// The dataset's directory.
        path: PathBuf,
        /// Which file, and how it differs.
        source: ContentError,
    },
}

/// The fields of a dataset's manifest that the host reads, except the files.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Makes the dataset at `location`, a path or URI, available on this machine and checks every file
/// against the manifest. A remote dataset is fetched through the user's cache.
///
/// # Errors
///
/// [`StageDatasetError`], naming the file that is missing or was changed.
pub fn stage(location: &str) -> Result<Dataset, StageDatasetError> {
    stage_from(location, &Store::from_env()?)
}

/// As [`stage`], with the caller's store, which defines cache and observer.
///
/// # Errors
///
/// As [`stage`].
pub fn stage_from(location: &str, store: &Store) -> Result<Dataset, StageDatasetError> {
    let uri = store::locate(location)?;
    if !store::is_local(&uri) {
        return fetch(&uri, store);
    }
    let staged = store.stage(&uri)?;
    let path = staged.path;
    let manifest = read_manifest(&path)?;
    let name = name_in(&path.join(MANIFEST), &manifest)?;
    for file in &manifest.files {
        let checked = store.check_file(&path, file)?;
        checked.map_err(|source| StageDatasetError::Changed {
            path: path.clone(),
            source,
        })?;
    }
    Ok(Dataset {
        name,
        uri: store::uri_of(&path)?,
        sha256: manifest.sha256(),
        origin: None,
        lease: staged.lease,
    })
}

fn fetch(uri: &Url, store: &Store) -> Result<Dataset, StageDatasetError> {
    let manifest = store.remote_manifest(uri, MANIFEST)?;
    let manifest = manifest.ok_or_else(|| StageDatasetError::NotThere {
        uri: store::redacted(uri),
    })?;
    let staged = store.stage_as(uri, &manifest)?;
    let name = name_in(&staged.path.join(MANIFEST), &manifest)?;
    Ok(Dataset {
        name,
        uri: store::uri_of(&staged.path)?,
        sha256: manifest.sha256(),
        origin: Some(store::without_secrets(uri)),
        lease: staged.lease,
    })
}

fn name_in(path: &Path, manifest: &StoreManifest) -> Result<String, StageDatasetError> {
    let named: Named =
        serde_json::from_slice(&manifest.bytes).map_err(|error| StageDatasetError::Manifest {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    Ok(named.name)
}

/// The number of proteins of a staged dataset, if its manifest has it.
pub(crate) fn proteins(dataset: &Dataset) -> Option<u64> {
    let manifest = read_manifest(&store::local_path(&dataset.uri).ok()?).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
    manifest.pointer("/counts/proteins")?.as_u64()
}

fn read_manifest(directory: &Path) -> Result<StoreManifest, StageDatasetError> {
    if !directory.is_dir() {
        let path = directory.to_owned();
        return Err(if directory.exists() {
            StageDatasetError::File { path }
        } else {
            StageDatasetError::Missing { path }
        });
    }
    let invalid = |reason: String| StageDatasetError::Manifest {
        path: directory.join(MANIFEST),
        reason,
    };
    match StoreManifest::read(directory, MANIFEST) {
        Ok(Some(manifest)) => Ok(manifest),
        Ok(None) => Err(StageDatasetError::NotFrozen {
            path: directory.to_owned(),
        }),
        Err(StoreError::Manifest { reason, .. }) => Err(invalid(reason)),
        Err(StoreError::Read { source, .. }) => Err(invalid(source.to_string())),
        Err(error) => Err(error.into()),
    }
}
