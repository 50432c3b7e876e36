//! Atomic writes: a reader sees either the complete content or none.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use protea_files::{Directory, Limits, Links, Never, Stop, TemporaryDirectory, TemporaryFile};

use super::StoreError;

/// How the names of files and directories begin that are not complete yet.
pub const PARTIAL: &str = ".partial-";

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

/// A temporary directory next to its destination. [`publish`](Self::publish) renames it; dropping
/// it without that removes it.
#[derive(Debug)]
pub struct Staging {
    directory: TemporaryDirectory,
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
        let directory = TemporaryDirectory::create_in(parent, OsStr::new(PARTIAL), 0o777)
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
    pub fn publish_unless(self, stop: &dyn Stop) -> Result<PathBuf, StoreError> {
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
        self.directory.keep();
        Ok(self.destination)
    }
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
