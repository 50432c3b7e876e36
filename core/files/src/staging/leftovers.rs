//! Hidden directories that are not published: those of this process, and those of killed ones.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::remove_tree;

/// Abandoned directories younger than this are kept, because their owner may not have locked them
/// yet.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// The hidden directories of this process that are not published yet.
static UNPUBLISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the hidden directories of this process that are not published yet. For a process that
/// ends in the middle of its work.
pub fn remove_unpublished() {
    // Not waited for: the thread that holds the lock may never release it.
    if let Ok(mut directories) = UNPUBLISHED.try_lock() {
        for directory in std::mem::take(&mut *directories) {
            let _ = remove_tree(&directory);
        }
    }
}

pub(super) fn remember(directory: &Path) {
    unpublished().insert(directory.to_owned());
}

pub(super) fn forget(directory: &Path) {
    unpublished().remove(directory);
}

fn unpublished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNPUBLISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a directory; `None` if another process holds the lock, or on systems that cannot open
/// directories.
pub(super) fn lock(directory: &Path) -> Option<File> {
    if !cfg!(unix) {
        return None;
    }
    let file = File::open(directory).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// Removes directories that killed processes have left. Errors are ignored, because cleaning up is
/// optional.
pub(super) fn remove_abandoned(parent: &Path, prefix: &OsStr) {
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
            let _ = remove_tree(&entry.path());
        }
    }
}
