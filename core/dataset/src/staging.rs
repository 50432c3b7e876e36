//! Publishes directories atomically: writes them under a hidden name, flushes them to disk and
//! renames them at the end.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::error::DatasetError;

/// Abandoned directories younger than this are kept, because their owner may not have locked them
/// yet.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A hidden directory that is being written. It is removed on drop unless it was published.
pub(super) struct Staging {
    directory: TempDir,
    out: PathBuf,
    /// Dropped after `directory`, which lies in them.
    parents: NewParents,
    /// Locked while the directory is written. Later processes remove directories that are not
    /// locked.
    _lock: Option<File>,
}

impl Staging {
    /// Creates the hidden directory for the new directory `out`, next to it, and the parents of `out`
    /// that are missing.
    pub(super) fn new(out: &Path) -> Result<Self, DatasetError> {
        // This is also true for a dangling link, which a rename would replace.
        if out.symlink_metadata().is_ok() {
            return Err(DatasetError::Exists(out.to_owned()));
        }
        let name = out.file_name().ok_or_else(|| {
            DatasetError::Request(format!(
                "{:?} is not a path of a new directory",
                out.display().to_string()
            ))
        })?;
        let parent = match out.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => Path::new("/"),
        };
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".freezing-");
        let parents = NewParents::create(parent)?;
        remove_abandoned(parent, &prefix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The mode of a plain mkdir, to which the umask applies. Temporary directories are
            // private by default.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let directory = builder
            .tempdir_in(parent)
            .map_err(DatasetError::write(parent))?;
        Ok(Self {
            _lock: lock(directory.path()),
            directory,
            out: parent.join(name),
            parents,
        })
    }

    /// The hidden directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The final path of the directory.
    pub(super) fn out(&self) -> &Path {
        &self.out
    }

    /// Renames the directory to its final path.
    pub(super) fn publish(self) -> Result<(), DatasetError> {
        // On an error the hidden directory is removed before the parents: locals are dropped in
        // reverse order.
        let Self {
            parents,
            directory,
            out,
            ..
        } = self;
        // The path is checked again, because it may exist by now and a rename would replace an
        // empty directory.
        if out.symlink_metadata().is_ok() {
            return Err(DatasetError::Exists(out));
        }
        sync_directory(directory.path())?;
        fs::rename(directory.path(), &out).map_err(|source| {
            // Another process has created the directory meanwhile.
            if out.is_dir() {
                DatasetError::Exists(out.clone())
            } else {
                DatasetError::write(&out)(source)
            }
        })?;
        // The directory has moved, so there is nothing to remove on drop.
        let _ = directory.keep();
        sync_directory(out.parent().unwrap_or(Path::new(".")))?;
        parents.keep()
    }
}

/// The directories that had to be created above a new directory, the outermost first. Those that are
/// empty are removed on drop unless they are kept.
struct NewParents(Vec<PathBuf>);

impl NewParents {
    /// Creates `parent` and the directories above it, as far as they are missing.
    fn create(parent: &Path) -> Result<Self, DatasetError> {
        let mut missing: Vec<&Path> = parent
            .ancestors()
            .take_while(|directory| {
                !directory.as_os_str().is_empty() && directory.symlink_metadata().is_err()
            })
            .collect();
        missing.reverse();
        let mut created = Self(Vec::new());
        for directory in missing {
            match fs::create_dir(directory) {
                Ok(()) => created.0.push(directory.to_owned()),
                // Another process has created it meanwhile.
                Err(_) if directory.is_dir() => {}
                Err(error) => return Err(DatasetError::write(directory)(error)),
            }
        }
        Ok(created)
    }

    /// Flushes the names of the directories to disk. They stay.
    fn keep(mut self) -> Result<(), DatasetError> {
        std::mem::take(&mut self.0)
            .iter()
            .try_for_each(|directory| match directory.parent() {
                Some(above) if above.as_os_str().is_empty() => sync_directory(Path::new(".")),
                Some(above) => sync_directory(above),
                None => Ok(()),
            })
    }
}

impl Drop for NewParents {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            // Fails if another process has put something there, which must stay.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Locks a directory; `None` if another process holds the lock, or on systems that cannot open
/// directories.
fn lock(directory: &Path) -> Option<File> {
    if !cfg!(unix) {
        return None;
    }
    let file = File::open(directory).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// Removes directories that killed processes have left. Errors are ignored, because cleaning up is
/// optional.
fn remove_abandoned(parent: &Path, prefix: &std::ffi::OsStr) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_staging = name
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes());
        let age = || {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_dir)?;
            metadata.modified().ok()?.elapsed().ok()
        };
        if is_staging
            && age().is_some_and(|age| age >= ABANDONED_AFTER)
            && let Some(_lock) = lock(&entry.path())
        {
            let _ = fs::remove_dir_all(entry.path());
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
    if cfg!(unix) {
        File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(DatasetError::write(directory))?;
    }
    Ok(())
}
