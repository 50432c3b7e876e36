//! File operations that several modules need: replace, remove, lock.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::Path,
};

use crate::{RunId, TrackerError};

/// Replaces the file at `path` by one with this content. A reader sees the old content or the new
/// one, never a part. `<path>.new` must not be used for anything else.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), TrackerError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    protea_files::write(Path::new(&temporary), content)
        .map_err(std::io::Error::from)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(TrackerError::write(path))
}

/// Removes the file at `path`. It is not an error if there is none.
pub(crate) fn remove_if_present(path: &Path) -> Result<(), TrackerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(TrackerError::write(path)(error)),
        _ => Ok(()),
    }
}

/// Locks `file`, which was opened at `path`, without waiting. `in_use` makes the error for a file
/// that another process has locked.
pub(crate) fn lock(
    file: &File,
    path: &Path,
    in_use: impl FnOnce() -> TrackerError,
) -> Result<(), TrackerError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(error)) => Err(TrackerError::write(path)(error)),
    }
}

/// Unlocks `file`. Closing it is not enough: a child process that was just forked still has the
/// same open file, and with it the lock, until it executes its own program.
pub(crate) fn unlock(file: &File) {
    // If this fails, the lock is released when the process ends.
    let _ = file.unlock();
}

/// The id of the run whose files are in the directory of `path`, for messages.
pub(crate) fn run_id_of(path: &Path) -> RunId {
    name_of(path.parent().unwrap_or(path))
}

/// The id of the run that a file or directory is named by.
pub(crate) fn name_of(path: &Path) -> RunId {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned().into()
}
