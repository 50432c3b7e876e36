//! Atomic writes of files: a reader sees either the complete content or none.

use std::{fs, io::Write, path::Path};

use protea_files::sync_directory;

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
        let mut file = tempfile::Builder::new()
            .prefix(".partial-")
            .permissions(as_created(0o666))
            .tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_directory(directory)
    };
    attempt().map_err(StoreError::write(path))
}

/// `tempfile` creates private files. This restores the usual permissions, less the
/// umask.
#[cfg(unix)]
pub(super) fn as_created(mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(mode)
}
