//! The lock for feeding a backend from a log, so that one process at a time sends.

use std::{fs::File, path::Path};

use protea_files::Access;

use crate::{TrackerError, files};

/// Locks the feeding of one backend from one log. Released when dropped, or with the process.
pub(super) struct FeedLock(File);

impl Drop for FeedLock {
    fn drop(&mut self) {
        files::unlock(&self.0);
    }
}

/// Locks the feeding of a backend from a log. [`TrackerError::Busy`] if another process has it.
pub(super) fn lock(log: &Path, backend: &str) -> Result<FeedLock, TrackerError> {
    let path = log.with_file_name(format!("{backend}.lock"));
    let file = protea_files::open_to_write(&path, Access::Update)
        .map_err(|error| TrackerError::write(&path)(error.into()))?;
    files::lock(&file, &path, || TrackerError::Busy {
        run_id: files::run_id_of(log),
        backend: backend.to_owned(),
    })?;
    Ok(FeedLock(file))
}
