//! Writes the files of new datasets, flushed to the disk, and publishes their directories.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use protea_files::{Staging, StagingError};
use serde_json::Value;

use super::error::DatasetError;

/// Creates the hidden directory for the new directory `out`, next to it, and the parents of `out`
/// that are missing. Every file in it has to be flushed before
/// [`publish_synced`](Staging::publish_synced).
pub(super) fn begin(out: &Path) -> Result<Staging, DatasetError> {
    Ok(Staging::begin_labelled(out, "freezing")?)
}

impl From<StagingError> for DatasetError {
    fn from(error: StagingError) -> Self {
        match error {
            StagingError::Exists { path } => Self::Exists(path),
            StagingError::Write { path, source } => Self::write(&path)(source),
            StagingError::Content(error) => Self::Read {
                path: error.path().to_owned(),
                source: error.into(),
            },
            error @ StagingError::InvalidName { .. } => Self::Request(error.to_string()),
        }
    }
}

/// Writes a new file, flushes it to disk and makes it read-only.
pub(super) fn write_new(path: &Path, content: impl AsRef<[u8]>) -> Result<(), DatasetError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(content.as_ref())?;
        file.sync_all()
    };
    write().map_err(DatasetError::write(path))?;
    make_read_only(path)
}

/// Writes a new JSON file like [`write_new`].
pub(super) fn write_json(path: &Path, document: &Value) -> Result<(), DatasetError> {
    write_new(path, format!("{document:#}\n"))
}

/// Copies a file to a new one and flushes it to disk.
pub(super) fn copy_new(from: &Path, to: &Path) -> Result<(), DatasetError> {
    let mut source = File::open(from).map_err(|source| DatasetError::Read {
        path: from.to_owned(),
        source,
    })?;
    let mut copy = || {
        let mut file = File::create_new(to)?;
        io::copy(&mut source, &mut file)?;
        file.sync_all()
    };
    copy().map_err(DatasetError::write(to))
}

pub(super) fn make_read_only(path: &Path) -> Result<(), DatasetError> {
    let set = || {
        let mut permissions = fs::metadata(path)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions)
    };
    set().map_err(DatasetError::write(path))
}

/// Flushes a directory to disk, so that the names in it survive a crash.
pub(super) fn sync_directory(directory: &Path) -> Result<(), DatasetError> {
    protea_files::sync_directory(directory).map_err(DatasetError::write(directory))
}
