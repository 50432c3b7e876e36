//! Publishes a directory atomically: it is filled under a hidden name next to its destination,
//! flushed to the disk and renamed at the end.

mod parents;

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{Directory, FilesError, Limits, Links, Never, Stop, TemporaryDirectory};
use parents::NewParents;

/// How the names of directories and files begin that are not complete yet.
pub const PARTIAL: &str = ".partial-";

/// Why a directory is not published.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// The destination exists.
    #[error("{} already exists", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// The destination has no name of its own, such as `..`.
    #[error("{:?} is not a path of a new directory", path.display().to_string())]
    InvalidName {
        /// The destination.
        path: PathBuf,
    },
    /// The directory contains something that is not published, or publishing was stopped.
    #[error(transparent)]
    Content(#[from] FilesError),
    /// The operating system refused to write.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl StagingError {
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

/// A hidden directory next to its destination. [`publish`](Self::publish) renames it; dropping it
/// without that removes it, and the parents that were created for it.
#[derive(Debug)]
pub struct Staging {
    directory: TemporaryDirectory,
    destination: PathBuf,
    /// Dropped after `directory`, which lies in them.
    parents: NewParents,
}

impl Staging {
    /// Creates the hidden directory, [`PARTIAL`] and random characters, and the parents of
    /// `destination` that are missing.
    ///
    /// # Errors
    ///
    /// [`StagingError::Exists`], also for a dangling link; [`StagingError::InvalidName`];
    /// [`StagingError::Write`].
    pub fn begin(destination: &Path) -> Result<Self, StagingError> {
        let (parent, name) = parent_and_name(destination)?;
        Self::create(parent.join(name), parent, PARTIAL.as_ref())
    }

    /// As [`begin`](Self::begin), with the destination's name in the hidden one: `.NAME.LABEL-` and
    /// random characters.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_labelled(destination: &Path, label: &str) -> Result<Self, StagingError> {
        let (parent, name) = parent_and_name(destination)?;
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(format!(".{label}-"));
        Self::create(parent.join(name), parent, &prefix)
    }

    fn create(destination: PathBuf, parent: &Path, prefix: &OsStr) -> Result<Self, StagingError> {
        // This is also true for a dangling link, which a rename would replace.
        if destination.symlink_metadata().is_ok() {
            return Err(StagingError::Exists { path: destination });
        }
        let parents = NewParents::create(parent)?;
        // The mode of a plain mkdir, to which the umask applies.
        let directory = TemporaryDirectory::create_in(parent, prefix, 0o777)
            .map_err(StagingError::write(parent))?;
        Ok(Self {
            directory,
            destination,
            parents,
        })
    }

    /// Where to write until [`publish`](Self::publish).
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The final path of the directory.
    #[must_use]
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Renames the complete directory to its destination, once the disk has all of it.
    ///
    /// # Errors
    ///
    /// [`StagingError::Exists`] when something else was published there in the meantime;
    /// [`StagingError::Content`] if it contains a link or a special file; [`StagingError::Write`].
    pub fn publish(self) -> Result<PathBuf, StagingError> {
        self.publish_unless(&Never)
    }

    /// As [`publish`](Self::publish), and can be stopped before the directory is renamed.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish); [`FilesError::Stopped`] if `stop` stopped it.
    pub fn publish_unless(self, stop: &dyn Stop) -> Result<PathBuf, StagingError> {
        sync_tree_unless(self.path(), stop)?;
        self.publish_synced()
    }

    /// As [`publish`](Self::publish), for a caller that has flushed every file and directory below
    /// this one to the disk already.
    ///
    /// # Errors
    ///
    /// [`StagingError::Exists`], [`StagingError::Write`].
    pub fn publish_synced(self) -> Result<PathBuf, StagingError> {
        // If this fails, the directory is removed before the parents: locals are dropped in reverse
        // order.
        let Self {
            mut parents,
            directory,
            destination,
        } = self;
        let exists = || StagingError::Exists {
            path: destination.clone(),
        };
        // A rename would replace an empty directory.
        if destination.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let staged = directory.path();
        sync_directory(staged).map_err(StagingError::write(staged))?;
        fs::rename(staged, &destination).map_err(|source| {
            // Another process has created it meanwhile.
            if destination.symlink_metadata().is_ok() {
                exists()
            } else {
                StagingError::write(&destination)(source)
            }
        })?;
        // Renamed, so there is nothing to remove.
        directory.keep();
        let parent = parent_of(&destination);
        sync_directory(parent).map_err(StagingError::write(parent))?;
        parents.keep()?;
        Ok(destination)
    }
}

fn parent_and_name(destination: &Path) -> Result<(&Path, &OsStr), StagingError> {
    match destination.file_name() {
        Some(name) => Ok((parent_of(destination), name)),
        None if destination.symlink_metadata().is_ok() => Err(StagingError::Exists {
            path: destination.to_owned(),
        }),
        None => Err(StagingError::InvalidName {
            path: destination.to_owned(),
        }),
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// Flushes everything below a directory to the disk. Another program may have written it.
///
/// # Errors
///
/// [`StagingError::Content`] if it contains a link or a special file; [`StagingError::Write`].
pub fn sync_tree(path: &Path) -> Result<(), StagingError> {
    sync_tree_unless(path, &Never)
}

fn sync_tree_unless(path: &Path, stop: &dyn Stop) -> Result<(), StagingError> {
    let directory = Directory::open(path, Links::Refuse)?;
    let tree = directory.walk(&Limits::default(), stop)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    for file in tree.files {
        let place = path.join(&file.path);
        if stop.should_stop() {
            return Err(FilesError::Stopped { path: place }.into());
        }
        let file = directory.open_file(&file.path)?;
        file.sync_all().map_err(StagingError::write(&place))?;
    }
    let directories = tree.directories.iter().map(|below| path.join(below));
    for directory in directories {
        sync_directory(&directory).map_err(StagingError::write(&directory))?;
    }
    Ok(())
}

/// Waits until the entries of a directory are on the disk. Only Unix can do that.
///
/// # Errors
///
/// When the directory cannot be opened or synchronised.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Waits until everything on the file system of a directory is on the disk, which is faster than
/// flushing thousands of files one by one. Systems other than Linux flush the directory only.
///
/// # Errors
///
/// When the directory cannot be opened or synchronised.
pub fn sync_file_system(directory: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(directory)?)?);
    #[cfg(not(target_os = "linux"))]
    sync_directory(directory)
}
