//! Publishes directories atomically: writes them under a hidden name, flushes them to disk and
//! renames them at the end.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use protea_files::TemporaryDirectory;
use serde_json::Value;

use super::error::DatasetError;

/// A hidden directory that is being written. It is removed on drop unless it was published.
pub(super) struct Staging {
    directory: TemporaryDirectory,
    out: PathBuf,
    /// Dropped after `directory`, which lies in them.
    parents: NewParents,
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
        // The mode of a plain mkdir, to which the umask applies.
        let directory = TemporaryDirectory::create_in(parent, &prefix, 0o777)
            .map_err(DatasetError::write(parent))?;
        Ok(Self {
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
        directory.keep();
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
