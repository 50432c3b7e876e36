//! Atomic writes: a reader sees either the complete content or none.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use protea_files::{Directory, Limits, Links, Never, Stop};

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

/// The temporary directories of this process that are not published yet.
static UNPUBLISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the temporary directories of this process that are not published yet. For a process that
/// ends in the middle of its work.
pub fn remove_unpublished() {
    // Not waited for: the thread that holds the lock may never release it.
    if let Ok(mut directories) = UNPUBLISHED.try_lock() {
        for directory in std::mem::take(&mut *directories) {
            let _ = protea_files::remove_tree(&directory);
        }
    }
}

fn unpublished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNPUBLISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary directory next to its destination. [`publish`](Self::publish) renames it; dropping
/// it without that removes it.
#[derive(Debug)]
pub struct Staging {
    /// None once it is renamed.
    directory: Option<tempfile::TempDir>,
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
        unpublished().insert(directory.path().to_owned());
        Ok(Self {
            directory: Some(directory),
            destination: destination.to_owned(),
        })
    }

    /// Where to write until [`publish`](Self::publish).
    #[must_use]
    pub fn path(&self) -> &Path {
        let directory = self.directory.as_ref();
        directory.map_or(&self.destination, |directory| directory.path())
    }

    /// Renames the complete directory to its destination, once the disk has all of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] when something else was published there in the meantime;
    /// [`StoreError::Content`] if it contains a link or a special file; [`StoreError::Write`].
    pub fn publish(self) -> Result<PathBuf, StoreError> {
        self.publish_unless(&Never)
    }

    /// As [`publish`](Self::publish), and can be stopped before the directory is renamed.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish); [`StoreError::Cancelled`] if `stop` stopped it.
    pub fn publish_unless(mut self, stop: &dyn Stop) -> Result<PathBuf, StoreError> {
        sync_tree(self.path(), stop)?;
        let attempt = || -> std::io::Result<()> {
            fs::rename(self.path(), &self.destination)?;
            sync_directory(self.destination.parent().unwrap_or(Path::new(".")))
        };
        attempt().map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                StoreError::Exists {
                    path: self.destination.clone(),
                }
            }
            _ => StoreError::write(&self.destination)(error),
        })?;
        // Renamed, so there is nothing to remove.
        if let Some(directory) = self.directory.take() {
            unpublished().remove(directory.path());
            let _ = directory.keep();
        }
        Ok(self.destination.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // `TempDir` fails on directories with thousands of levels.
        if let Some(directory) = &self.directory {
            let _ = protea_files::remove_tree(directory.path());
            unpublished().remove(directory.path());
        }
    }
}

/// `tempfile` creates private files and directories. This restores the usual permissions, less the
/// umask.
#[cfg(unix)]
pub(super) fn as_created(mode: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(mode)
}

/// Another program may have written the directory.
fn sync_tree(path: &Path, stop: &dyn Stop) -> Result<(), StoreError> {
    let directory = Directory::open(path, Links::Refuse)?;
    let tree = directory.walk(&Limits::default(), stop)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    for file in tree.files {
        if stop.should_stop() {
            return Err(StoreError::Cancelled);
        }
        let place = path.join(&file.path);
        let file = directory.open_file(&file.path)?;
        file.sync_all().map_err(StoreError::write(&place))?;
    }
    let directories = tree.directories.iter().map(|below| path.join(below));
    for directory in directories.chain([path.to_owned()]) {
        sync_directory(&directory).map_err(StoreError::write(&directory))?;
    }
    Ok(())
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
