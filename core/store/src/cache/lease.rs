//! Locks: who uses what.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use super::Cache;
use crate::StoreError;

/// How often it is looked whether a lock is free.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Keeps a directory of the cache from being thrown away, as long as it lives. Clones keep the
/// same directory. The one of a directory that is not in the cache keeps nothing.
#[derive(Clone, Default)]
pub struct Lease(Option<Arc<File>>);

impl Lease {
    pub(super) fn of(locked: File) -> Self {
        Self(Some(Arc::new(locked)))
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Lease(held)"
        } else {
            "Lease(none)"
        })
    }
}

/// What is leased says what it is; the lease itself is no part of it.
impl PartialEq for Lease {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lease {}

/// A directory or a file that is on this machine now, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Where it is.
    pub path: PathBuf,
    /// Keeps it there.
    pub lease: Lease,
}

/// The lock of the whole cache, held for moments only.
pub(super) struct Gate(#[expect(dead_code, reason = "it is held, not looked at")] File);

impl Cache {
    /// From here on nothing is thrown away.
    pub(super) fn enter(&self) -> Result<Gate, StoreError> {
        let path = self.root.join("lock");
        let file = open(&path)?;
        file.lock_shared().map_err(StoreError::write(&path))?;
        Ok(Gate(file))
    }

    /// From here on nobody else takes anything. Nobody keeps the others waiting for long.
    pub(super) fn enter_alone(&self) -> Result<Gate, StoreError> {
        let path = self.root.join("lock");
        let file = open(&path)?;
        file.lock().map_err(StoreError::write(&path))?;
        Ok(Gate(file))
    }

    /// Keeps a directory from being thrown away if it is one of the cache's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] when it cannot be locked.
    pub fn hold(&self, directory: &Path) -> Result<Lease, StoreError> {
        let trees = self.trees();
        let name = directory
            .strip_prefix(&trees)
            .ok()
            .and_then(|below| below.components().next());
        let Some(name) = name.filter(|_| directory.exists()) else {
            return Ok(Lease::default());
        };
        let _gate = self.enter()?;
        let lock = self.lock_of(&name.as_os_str().to_string_lossy())?;
        match lock.try_lock_shared() {
            Ok(()) if directory.exists() => Ok(Lease::of(lock)),
            // It is being made again; who stages it will wait for that.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(Lease::default()),
            Err(TryLockError::Error(error)) => Err(StoreError::write(directory)(error)),
        }
    }

    /// The lock of a tree, opened; its time says when the tree was used last.
    pub(super) fn lock_of(&self, sha256: &str) -> Result<File, StoreError> {
        let path = self.trees().join(format!("{sha256}.lock"));
        let file = open(&path)?;
        file.set_modified(SystemTime::now())
            .map_err(StoreError::write(&path))?;
        Ok(file)
    }
}

pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(StoreError::write(path))
}

/// Waits a little, unless the user asked for the end.
pub(super) fn wait(is_cancelled: bool) -> Result<(), StoreError> {
    if is_cancelled {
        return Err(StoreError::Cancelled);
    }
    thread::sleep(LOOK);
    Ok(())
}
