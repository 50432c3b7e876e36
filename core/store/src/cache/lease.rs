//! Locks of the cache.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use protea_files::{Lock, lock_within};

use super::Cache;
use crate::StoreError;

/// How often the cache checks whether a lock is free.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How long to wait for the lock of the whole cache. Processes hold it while they remove old
/// directories.
const PATIENCE: Duration = Duration::from_secs(60);

/// Protects a directory of the cache from eviction until the last clone is dropped. The lease of a
/// directory outside the cache has no effect.
#[derive(Clone, Default)]
pub struct Lease(Option<Arc<File>>);

impl Lease {
    pub(super) fn from_lock(locked: File) -> Self {
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

/// Leases are equal: what they protect is compared instead.
impl PartialEq for Lease {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lease {}

/// A complete directory or file on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Staged {
    /// Its path.
    pub path: PathBuf,
    /// Protects it from eviction.
    pub lease: Lease,
}

/// The lock of the whole cache, held only briefly.
pub(super) struct Gate(#[expect(dead_code, reason = "the lock is held, not read")] File);

impl Cache {
    /// Takes the shared lock: nothing is evicted while it is held.
    pub(super) fn enter(&self) -> Result<Gate, StoreError> {
        let path = self.root.join("lock");
        let file = open(&path)?;
        lock_within(&file, Lock::Shared, PATIENCE).map_err(StoreError::write(&path))?;
        Ok(Gate(file))
    }

    /// Takes the exclusive lock: no other process uses the cache while it is held. Hold it briefly.
    pub(super) fn enter_alone(&self) -> Result<Gate, StoreError> {
        let path = self.root.join("lock");
        let file = open(&path)?;
        lock_within(&file, Lock::Exclusive, PATIENCE).map_err(StoreError::write(&path))?;
        Ok(Gate(file))
    }

    /// Protects a directory from eviction if it is in the cache.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] when it cannot be locked.
    pub fn hold(&self, directory: &Path) -> Result<Lease, StoreError> {
        let trees = self.trees();
        let name = directory
            .strip_prefix(&trees)
            .ok()
            .and_then(|relative| relative.components().next());
        let Some(name) = name.filter(|_| directory.exists()) else {
            return Ok(Lease::default());
        };
        let _gate = self.enter()?;
        let lock = self.lock_of(&name.as_os_str().to_string_lossy())?;
        match lock.try_lock_shared() {
            Ok(()) if directory.exists() => Ok(Lease::from_lock(lock)),
            // Another process is creating it again; staging waits for that.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(Lease::default()),
            Err(TryLockError::Error(error)) => Err(StoreError::write(directory)(error)),
        }
    }

    /// Opens the lock file of a tree. Its mtime is the last use of the tree.
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

/// Waits briefly. Fails if the user cancelled.
pub(super) fn wait(is_cancelled: bool) -> Result<(), StoreError> {
    if is_cancelled {
        return Err(StoreError::Cancelled);
    }
    thread::sleep(LOOK);
    Ok(())
}
