//! The lock file: which runners may be dispatched, by the SHA-256 of their files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use protea_contracts::descriptor;
use protea_files::Links;
use serde::{Deserialize, Serialize};

use super::{entry::Entry, lock_error::LockError, pin::Pin};
use crate::store::{self, StoreError};

/// The default name of the lock file, in the current directory.
pub const LOCK_FILE: &str = "runners.lock";

const FORMAT: u32 = 1;
/// The largest lock file in bytes, enough for more than ten thousand runners.
const LARGEST: u64 = 4 << 20;

/// Runners pinned by the SHA-256 of their files, in a JSON file.
///
/// ```json
/// {
///   "format": 1,
///   "runners": {
///     "knn": { "version": "1.0.0", "sha256": "…64 digits…", "path": "runners/libprotea_knn.so" }
///   }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The path of the lock file. Relative paths of pins are relative to its directory.
    path: PathBuf,
    runners: BTreeMap<String, Pin>,
}

/// The file, as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    runners: BTreeMap<String, Pin>,
}

impl Lock {
    /// Pins these runners, for a file at `path`. A runner's path is kept relative to the file's
    /// directory where it lies below it.
    #[must_use]
    pub fn pinning<'a>(path: &Path, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let parent = path.parent().unwrap_or(Path::new("/"));
        let pin = |entry: &Entry| {
            let file = std::path::absolute(&entry.path).unwrap_or_else(|_| entry.path.clone());
            Pin {
                version: entry.descriptor.version.clone(),
                sha256: entry.sha256,
                path: file
                    .strip_prefix(parent)
                    .map_or(file.clone(), Path::to_owned),
            }
        };
        let runners = entries
            .into_iter()
            .map(|entry| (entry.descriptor.name.clone(), pin(entry)))
            .collect();
        Self { path, runners }
    }

    /// Reads a lock file.
    ///
    /// # Errors
    ///
    /// [`LockError::Missing`], [`LockError::Unusable`].
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let unusable = |reason: String| LockError::Unusable {
            path: path.to_owned(),
            reason,
        };
        let text = protea_files::read_text(path, Links::Follow, LARGEST).map_err(|error| {
            if error.is_not_found() {
                LockError::Missing {
                    path: path.to_owned(),
                }
            } else {
                unusable(error.reason())
            }
        })?;
        let Document { format, runners } =
            serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        if format != FORMAT {
            return Err(unusable(format!(
                "it has format {format}, this protea reads {FORMAT}"
            )));
        }
        for name in runners.keys() {
            if !descriptor::is_legal_name(name.as_bytes()) {
                return Err(unusable(format!("no runner may have the name {name:?}")));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            runners,
        })
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    pub fn write(&self) -> Result<(), StoreError> {
        let document = Document {
            format: FORMAT,
            runners: self.runners.clone(),
        };
        let mut text = serde_json::to_vec_pretty(&document)
            .map_err(|error| StoreError::write(&self.path)(error.into()))?;
        text.push(b'\n');
        store::write_atomic(&self.path, &text)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The pinned runners, by name.
    #[must_use]
    pub fn runners(&self) -> &BTreeMap<String, Pin> {
        &self.runners
    }

    /// Checks that this runner's file is the pinned one.
    ///
    /// # Errors
    ///
    /// [`LockError::NotPinned`], [`LockError::Differs`] with both hashes.
    pub fn check(&self, entry: &Entry) -> Result<(), LockError> {
        let name = || entry.descriptor.name.clone();
        let (lock, file) = (|| self.path.clone(), || entry.path.clone());
        match self.runners.get(&entry.descriptor.name) {
            Some(pin) if pin.sha256 == entry.sha256 => Ok(()),
            Some(pin) => Err(LockError::Differs {
                name: name(),
                lock: lock(),
                file: file(),
                found: entry.sha256,
                pin: Box::new(pin.clone()),
            }),
            None => Err(LockError::NotPinned {
                name: name(),
                lock: lock(),
                file: file(),
                found: entry.sha256,
            }),
        }
    }
}
