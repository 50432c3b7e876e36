//! Frozen datasets as the host sees them: a directory whose `dataset.json` lists every file with
//! its SHA-256. What is in the files is the runners' business.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use protea_contracts::{
    FileDigest,
    content::{self, ContentError},
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::{self, StoreError};

/// The file that makes a directory a frozen dataset.
pub const MANIFEST: &str = "dataset.json";

/// A frozen dataset that is there, whole and unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Where it is, as a runner gets to see it.
    pub uri: Url,
    /// Its identity: the SHA-256 of its manifest, in hexadecimal.
    pub sha256: String,
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
    /// The directory has no manifest.
    #[error(
        "{} is not a frozen dataset: it has no {MANIFEST}; make one with `protea dataset freeze`",
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
    #[error("the dataset at {} is not as it was frozen: {source}", path.display())]
    Changed {
        /// The dataset's directory.
        path: PathBuf,
        /// Which file, and how it differs.
        source: ContentError,
    },
}

/// No manifest is larger, in bytes.
const LARGEST_MANIFEST: u64 = 4 << 20;

#[derive(Deserialize)]
struct Manifest {
    name: String,
    files: Vec<FileDigest>,
}

/// Brings the dataset at `location`, a path or URI, to this machine and checks every file against
/// the manifest.
///
/// # Errors
///
/// [`DatasetError`], naming the file that is missing or was changed.
pub fn stage(location: &str) -> Result<Dataset, DatasetError> {
    let path = store::stage(&store::locate(location)?)?;
    let bytes = read_manifest(&path)?;
    let manifest_path = path.join(MANIFEST);
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| DatasetError::Manifest {
            path: manifest_path,
            reason: error.to_string(),
        })?;
    for file in &manifest.files {
        file.check(&path).map_err(|source| DatasetError::Changed {
            path: path.clone(),
            source,
        })?;
    }
    Ok(Dataset {
        name: manifest.name,
        uri: store::uri_of(&path)?,
        sha256: content::digest_bytes(&bytes),
    })
}

/// How many proteins a staged dataset holds, where its manifest says so.
pub(crate) fn proteins(dataset: &Dataset) -> Option<u64> {
    let bytes = read_manifest(&store::stage(&dataset.uri).ok()?).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    manifest.pointer("/counts/proteins")?.as_u64()
}

fn read_manifest(directory: &Path) -> Result<Vec<u8>, DatasetError> {
    if !directory.is_dir() {
        return Err(DatasetError::Missing {
            path: directory.to_owned(),
        });
    }
    let path = directory.join(MANIFEST);
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(&path)?
            .take(LARGEST_MANIFEST + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_MANIFEST {
            return Err(std::io::Error::other("it is larger than any manifest"));
        }
        Ok(bytes)
    };
    read().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => DatasetError::NotFrozen {
            path: directory.to_owned(),
        },
        _ => DatasetError::Manifest {
            path,
            reason: error.to_string(),
        },
    })
}
