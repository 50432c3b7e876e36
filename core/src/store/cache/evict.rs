//! Throwing away: what was used longest ago goes first, what is in use never.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Cache, lease::open};
use crate::store::{Manifest, StoreError};

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// How many datasets, models and exports.
    pub directories: usize,
    /// How many of them are in use.
    pub in_use: usize,
    /// How many different files they are made of.
    pub objects: usize,
    /// How large these are together, in bytes.
    pub object_bytes: u64,
    /// How many downloads are under way, or were interrupted.
    pub parts: usize,
    /// How much of the disk these take, in bytes.
    pub part_bytes: u64,
}

/// What was thrown away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// How many datasets, models and exports.
    pub directories: usize,
    /// How many bytes, interrupted downloads included.
    pub bytes: u64,
    /// How many were left because they are in use.
    pub in_use: usize,
}

/// A directory of the cache, whole or in the making.
struct Tree {
    directory: PathBuf,
    lock: PathBuf,
    used: SystemTime,
}

impl Cache {
    /// What it holds.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be looked through.
    pub fn usage(&self) -> Result<CacheUse, StoreError> {
        if !self.root.is_dir() {
            return Ok(CacheUse::default());
        }
        self.make()?;
        let _gate = self.enter_alone()?;
        let trees = self.all_trees()?;
        let mut usage = CacheUse {
            directories: trees.len(),
            ..CacheUse::default()
        };
        for tree in &trees {
            usage.in_use += usize::from(open(&tree.lock)?.try_lock().is_err());
        }
        for (_, bytes) in files(&self.objects())? {
            usage.objects += 1;
            usage.object_bytes += bytes;
        }
        for (path, bytes) in files(&self.parts())? {
            usage.parts += usize::from(path.extension().is_none());
            usage.part_bytes += bytes;
        }
        Ok(usage)
    }

    /// Throws away everything that is not in use.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when something cannot be removed.
    pub fn clear(&self) -> Result<Cleared, StoreError> {
        if !self.root.is_dir() {
            return Ok(Cleared::default());
        }
        self.make()?;
        self.shrink_to(0)
    }

    /// Throws away what was used longest ago, until so many bytes more fit below the limit.
    pub(super) fn make_room(&self, bytes: u64) -> Result<(), StoreError> {
        self.shrink_to(self.limit.saturating_sub(bytes)).map(drop)
    }

    fn shrink_to(&self, most: u64) -> Result<Cleared, StoreError> {
        let _gate = self.enter_alone()?;
        let mut cleared = Cleared::default();
        let sum = |found: &[(PathBuf, u64)]| found.iter().map(|(_, bytes)| bytes).sum::<u64>();
        let objects = files(&self.objects())?;
        let parts = files(&self.parts())?;
        let mut kept = sum(&objects) + sum(&parts);
        if kept <= most {
            return Ok(cleared);
        }
        for (path, bytes) in parts {
            if kept > most && is_free(&path)? {
                remove(&path)?;
                kept -= bytes;
                cleared.bytes += bytes;
            }
        }
        let mut trees = self.all_trees()?;
        trees.sort_by_key(|tree| tree.used);
        // Objects that no directory is made of go before any directory does.
        let mut next = trees.iter();
        loop {
            let freed = self.sweep()?;
            kept = kept.saturating_sub(freed);
            cleared.bytes += freed;
            if kept <= most {
                break;
            }
            let Some(tree) = next.next() else {
                break;
            };
            // Held until it is gone, though nobody can come in.
            let lock = open(&tree.lock)?;
            if lock.try_lock().is_err() {
                cleared.in_use += 1;
                continue;
            }
            fs::remove_dir_all(&tree.directory).map_err(StoreError::write(&tree.directory))?;
            remove(&tree.lock)?;
            cleared.directories += 1;
        }
        Ok(cleared)
    }

    /// Removes the objects that no directory is made of, and gives how large they were.
    fn sweep(&self) -> Result<u64, StoreError> {
        let mut needed = BTreeSet::new();
        for tree in self.all_trees()? {
            // One that cannot be read needs nothing: it will be fetched again.
            if let Ok(Some(manifest)) = Manifest::of(&tree.directory) {
                needed.extend(manifest.files.into_iter().map(|file| file.sha256));
            }
        }
        let mut freed = 0;
        for (path, bytes) in files(&self.objects())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !needed.contains(&*name) {
                remove(&path)?;
                freed += bytes;
            }
        }
        Ok(freed)
    }

    fn all_trees(&self) -> Result<Vec<Tree>, StoreError> {
        let trees = self.trees();
        let mut found = Vec::new();
        for entry in fs::read_dir(&trees).map_err(StoreError::read(&trees))? {
            let directory = entry.map_err(StoreError::read(&trees))?.path();
            if !directory.is_dir() {
                continue;
            }
            let lock = directory.with_extension("lock");
            let used = lock.metadata().and_then(|metadata| metadata.modified());
            found.push(Tree {
                directory,
                lock,
                used: used.unwrap_or(SystemTime::UNIX_EPOCH),
            });
        }
        Ok(found)
    }
}

/// The files directly in a directory, with what they take of the disk or are long, whichever is less:
/// a download under way has its final length from the beginning.
fn files(directory: &Path) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(StoreError::read(directory))? {
        let path = entry.map_err(StoreError::read(directory))?.path();
        // Another process may have moved it by now.
        if let Ok(metadata) = path.metadata() {
            found.push((path, taken(&metadata)));
        }
    }
    Ok(found)
}

#[cfg(unix)]
fn taken(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.len().min(512 * metadata.blocks())
}

#[cfg(not(unix))]
fn taken(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

/// Whether nobody downloads to this file, or to the one that it describes.
fn is_free(path: &Path) -> Result<bool, StoreError> {
    let part = path.with_extension("");
    match part.exists() {
        true => Ok(open(&part)?.try_lock().is_ok()),
        false => Ok(true),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::write(path)(error))
        }
        _ => Ok(()),
    }
}
