//! Atomic writes of files: a reader sees either the complete content or none.

use std::{ffi::OsStr, io::Write, path::Path};

use protea_files::{PARTIAL, TemporaryFile, sync_directory};

use super::StoreError;

/// Writes `bytes` to `path` atomically: readers see the old or the new content, never a part, even
/// after a crash.
///
/// # Errors
///
/// [`StoreError::Write`]. The old content is unchanged then.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        let mut file = TemporaryFile::create_in(directory, OsStr::new(PARTIAL), 0o666)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_directory(directory)
    };
    attempt().map_err(StoreError::write(path))
}
