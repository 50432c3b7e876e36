//! Directories that appear whole or not at all: filled under a hidden name, on the disk, and renamed at the very end.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::error::DatasetError;

/// Younger leftovers are let be: their owner may not hold its lock yet.
const OLD: Duration = Duration::from_secs(3600);

/// A hidden directory that is being filled; it removes itself when dropped.
pub(super) struct Staging {
    directory: TempDir,
    out: PathBuf,
    /// Held as long as the directory is filled. Whoever comes later removes what nobody holds.
    _lock: Option<File>,
}

impl Staging {
    /// For the new directory `out`.
    pub(super) fn beside(out: &Path) -> Result<Self, DatasetError> {
        // Also true for a dangling link, which a rename would replace.
        if out.symlink_metadata().is_ok() {
            return Err(DatasetError::Exists(out.to_owned()));
        }
        let name = out.file_name().ok_or_else(|| {
            DatasetError::Request(format!(
                "{:?} names no directory to make",
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
        sweep(parent, &prefix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What a plain mkdir would give; the umask still applies. Temporary directories are private otherwise.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let directory = builder
            .tempdir_in(parent)
            .map_err(DatasetError::write(parent))?;
        Ok(Self {
            _lock: lock(directory.path()),
            directory,
            out: parent.join(name),
        })
    }

    /// The hidden directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory that it will be.
    pub(super) fn out(&self) -> &Path {
        &self.out
    }

    /// Gives the directory its name.
    pub(super) fn publish(self) -> Result<(), DatasetError> {
        let Self { directory, out, .. } = self;
        // Looked at again, as it may have come into being meanwhile; a rename would replace an empty directory.
        if out.symlink_metadata().is_ok() {
            return Err(DatasetError::Exists(out));
        }
        sync_directory(directory.path())?;
        fs::rename(directory.path(), &out).map_err(|source| {
            // Another process was faster.
            if out.is_dir() {
                DatasetError::Exists(out.clone())
            } else {
                DatasetError::write(&out)(source)
            }
        })?;
        // It has moved: there is nothing left to remove.
        let _ = directory.keep();
        sync_directory(out.parent().unwrap_or(Path::new(".")))
    }
}

/// The lock of a directory, if it is free. Only where directories can be opened.
fn lock(directory: &Path) -> Option<File> {
    if !cfg!(unix) {
        return None;
    }
    let file = File::open(directory).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// Removes what processes that were killed have left behind. Whatever fails here is no reason to fail.
fn sweep(parent: &Path, prefix: &std::ffi::OsStr) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes());
        let old = || {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_dir)?;
            metadata.modified().ok()?.elapsed().ok()
        };
        if ours
            && old().is_some_and(|age| age >= OLD)
            && let Some(_lock) = lock(&entry.path())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a new file, waits until it is on the disk, and makes it read-only.
pub(super) fn write_new(path: &Path, content: impl AsRef<[u8]>) -> Result<(), DatasetError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(content.as_ref())?;
        file.sync_all()
    };
    write().map_err(DatasetError::write(path))?;
    make_read_only(path)
}

/// Writes a new file of JSON, as [`write_new`] does.
pub(super) fn write_json(path: &Path, document: &Value) -> Result<(), DatasetError> {
    write_new(path, format!("{document:#}\n"))
}

/// Copies a file to a new one, and waits until that is on the disk.
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

/// Makes names in a directory last through a crash.
pub(super) fn sync_directory(directory: &Path) -> Result<(), DatasetError> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(DatasetError::write(directory))?;
    }
    Ok(())
}
