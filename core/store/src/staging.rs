//! Atomic writes: a reader sees either the complete content or none.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

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

/// A temporary directory next to its destination. [`publish`](Self::publish) renames it; dropping
/// it without that removes it.
#[derive(Debug)]
pub struct Staging {
    directory: tempfile::TempDir,
    destination: PathBuf,
}

impl Staging {
    /// Creates the temporary directory, and the parent of `destination` if it is missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] when `destination` exists; [`StoreError::Write`].
    pub fn begin(destination: &Path) -> Result<Self, StoreError> {
        if destination.symlink_metadata().is_ok() {
            return Err(StoreError::Exists {
                path: destination.to_owned(),
            });
        }
        let parent = destination.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(StoreError::write(parent))?;
        let directory = tempfile::Builder::new()
            .prefix(".partial-")
            .permissions(as_created(0o777))
            .tempdir_in(parent)
            .map_err(StoreError::write(parent))?;
        Ok(Self {
            directory,
            destination: destination.to_owned(),
        })
    }

    /// Where to write until [`publish`](Self::publish).
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Renames the complete directory to its destination.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] when something else was published there in the meantime;
    /// [`StoreError::Write`].
    pub fn publish(self) -> Result<PathBuf, StoreError> {
        let failed = StoreError::write(&self.destination);
        let attempt = || -> std::io::Result<()> {
            sync_tree(self.directory.path())?;
            fs::rename(self.directory.path(), &self.destination)?;
            sync_directory(self.destination.parent().unwrap_or(Path::new(".")))
        };
        attempt().map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                StoreError::Exists {
                    path: self.destination.clone(),
                }
            }
            _ => failed(error),
        })?;
        // Renamed, so there is nothing to remove.
        let _ = self.directory.keep();
        Ok(self.destination)
    }
}

/// `tempfile` creates private files and directories. This restores the usual permissions, less the
/// umask.
#[cfg(unix)]
pub(super) fn as_created(mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(mode)
}

fn sync_tree(directory: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_directory(directory)
}

/// Waits until the entries of a directory are on the disk. Only Unix can do that.
///
/// # Errors
///
/// When the directory cannot be opened or synchronised.
pub fn sync_directory(directory: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
