//! Frozen datasets as the host sees them: a directory whose `dataset.json` lists every file with
//! its SHA-256. What is in the files is the runners' business.

use std::path::{Path, PathBuf};

use protea_contracts::content::ContentError;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::{self, Lease, Manifest, Store, StoreError};

/// The file that makes a directory a frozen dataset.
pub const MANIFEST: &str = store::DATASET_MANIFEST;

/// A frozen dataset that is there, whole and unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Where it is, as a runner gets to see it: on this machine.
    pub uri: Url,
    /// Its identity: the SHA-256 of its manifest, in hexadecimal.
    pub sha256: String,
    /// Where it was fetched from, if it lies elsewhere; without what could be a secret.
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

    /// Where to get it from again: its origin, if it lies elsewhere.
    #[must_use]
    pub fn source(&self) -> &Url {
        self.origin.as_ref().unwrap_or(&self.uri)
    }
}

/// Why a place cannot be used as a frozen dataset.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The place cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such directory.
    #[error("there is no dataset at {}: no such directory", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// There is no dataset at a place elsewhere.
    #[error("there is no dataset at {uri}: it has no {MANIFEST}")]
    NotThere {
        /// The place, without what could be a secret.
        uri: String,
    },
    /// It is another dataset now than the one that a model was made of.
    #[error(
        "the dataset at {uri} is another one now: its manifest has SHA-256 {found}, the model was made of {expected}; bring that one back, or fit again"
    )]
    Replaced {
        /// The place, without what could be a secret.
        uri: String,
        /// The identity that the model names.
        expected: String,
        /// The identity that is there.
        found: String,
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
    #[error("the dataset at {} is not as it was frozen", path.display())]
    Changed {
        /// The dataset's directory.
        path: PathBuf,
        /// Which file, and how it differs.
        source: ContentError,
    },
}

/// What the host knows of a dataset's manifest beside its files.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Brings the dataset at `location`, a path or URI, to this machine and checks every file against
/// the manifest. One that lies elsewhere is fetched through the user's cache.
///
/// # Errors
///
/// [`DatasetError`], naming the file that is missing or was changed.
pub fn stage(location: &str) -> Result<Dataset, DatasetError> {
    stage_from(location, &Store::of_user()?)
}

/// As [`stage`], with a store of the caller's, which has the cache, and is told of the transfer.
///
/// # Errors
///
/// As [`stage`].
pub fn stage_from(location: &str, store: &Store) -> Result<Dataset, DatasetError> {
    let uri = store::locate(location)?;
    if !store::is_local(&uri) {
        return fetch(&uri, store);
    }
    let staged = store.stage(&uri)?;
    let path = staged.path;
    let manifest = read_manifest(&path)?;
    let name = name_in(&path.join(MANIFEST), &manifest)?;
    for file in &manifest.files {
        file.check(&path).map_err(|source| DatasetError::Changed {
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

fn fetch(uri: &Url, store: &Store) -> Result<Dataset, DatasetError> {
    let manifest = store.remote_manifest(uri, MANIFEST)?;
    let manifest = manifest.ok_or_else(|| DatasetError::NotThere {
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

fn name_in(path: &Path, manifest: &Manifest) -> Result<String, DatasetError> {
    let named: Named =
        serde_json::from_slice(&manifest.bytes).map_err(|error| DatasetError::Manifest {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    Ok(named.name)
}

/// How many proteins a staged dataset holds, where its manifest says so.
pub(crate) fn proteins(dataset: &Dataset) -> Option<u64> {
    let manifest = read_manifest(&store::local_path(&dataset.uri).ok()?).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
    manifest.pointer("/counts/proteins")?.as_u64()
}

fn read_manifest(directory: &Path) -> Result<Manifest, DatasetError> {
    if !directory.is_dir() {
        return Err(DatasetError::Missing {
            path: directory.to_owned(),
        });
    }
    let wrong = |reason: String| DatasetError::Manifest {
        path: directory.join(MANIFEST),
        reason,
    };
    match Manifest::read(directory, MANIFEST) {
        Ok(Some(manifest)) => Ok(manifest),
        Ok(None) => Err(DatasetError::NotFrozen {
            path: directory.to_owned(),
        }),
        Err(StoreError::Manifest { reason, .. }) => Err(wrong(reason)),
        Err(StoreError::Read { source, .. }) => Err(wrong(source.to_string())),
        Err(error) => Err(error.into()),
    }
}
