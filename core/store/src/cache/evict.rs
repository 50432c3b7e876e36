//! Throwing away: what was used longest ago goes first, what is in use never.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Cache, lease::open};
use crate::{Manifest, StoreError};

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

/// A download that is under way or was interrupted.
struct Part {
    path: PathBuf,
    beside: Vec<PathBuf>,
    bytes: u64,
    used: SystemTime,
}

/// What may be thrown away.
enum Old {
    Part(Part),
    Tree(Tree),
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
        for part in self.all_parts()? {
            usage.parts += usize::from(part.path.exists());
            usage.part_bytes += part.bytes;
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
        self.shrink_to(0, &BTreeSet::new())
    }

    /// Throws away what was used longest ago, until so many bytes more fit below the limit. What
    /// goes by one of the `protected` sums stays: it is about to be used.
    pub(super) fn make_room(
        &self,
        bytes: u64,
        protected: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let most = self.limit.saturating_sub(bytes);
        self.shrink_to(most, protected).map(drop)
    }

    /// How much is there of a download that is under way or was interrupted.
    pub(super) fn part_bytes(&self, name: &str) -> u64 {
        let metadata = self.parts().join(name).metadata();
        metadata.map_or(0, |metadata| taken(&metadata))
    }

    fn shrink_to(&self, most: u64, protected: &BTreeSet<String>) -> Result<Cleared, StoreError> {
        let _gate = self.enter_alone()?;
        let mut cleared = Cleared::default();
        let objects = files(&self.objects())?;
        let parts = self.all_parts()?;
        let mut kept = objects.iter().map(|(_, bytes)| bytes).sum::<u64>()
            + parts.iter().map(|part| part.bytes).sum::<u64>();
        if kept <= most {
            return Ok(cleared);
        }
        let parts = parts.into_iter().map(Old::Part);
        let mut old: Vec<Old> = parts
            .chain(self.all_trees()?.into_iter().map(Old::Tree))
            .filter(|old| !protected.contains(old.name()))
            .collect();
        old.sort_by_key(Old::used);
        // Objects that no directory is made of go before anything else does.
        let freed = self.sweep(protected)?;
        kept = kept.saturating_sub(freed);
        cleared.bytes += freed;
        for old in &old {
            if kept <= most {
                break;
            }
            let freed = match old {
                Old::Part(part) => part.discard()?,
                Old::Tree(tree) => {
                    // Held until it is gone, though nobody can come in.
                    let lock = open(&tree.lock)?;
                    if lock.try_lock().is_err() {
                        cleared.in_use += 1;
                        continue;
                    }
                    let directory = &tree.directory;
                    fs::remove_dir_all(directory).map_err(StoreError::write(directory))?;
                    remove(&tree.lock)?;
                    cleared.directories += 1;
                    self.sweep(protected)?
                }
            };
            kept = kept.saturating_sub(freed);
            cleared.bytes += freed;
        }
        Ok(cleared)
    }

    /// Removes the objects that no directory is made of and that are not protected, and gives how
    /// large they were.
    fn sweep(&self, protected: &BTreeSet<String>) -> Result<u64, StoreError> {
        let mut needed = protected.clone();
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

    fn all_parts(&self) -> Result<Vec<Part>, StoreError> {
        let parts = self.parts();
        let mut found = BTreeMap::<PathBuf, Part>::new();
        for (path, bytes) in files(&parts)? {
            // What lies beside it, such as what is said of it, goes by its name with an ending.
            let own = path.with_extension("");
            let used = path.metadata().and_then(|metadata| metadata.modified());
            let part = found.entry(own.clone()).or_insert(Part {
                path: own,
                beside: Vec::new(),
                bytes: 0,
                used: SystemTime::UNIX_EPOCH,
            });
            part.bytes += bytes;
            part.used = part.used.max(used.unwrap_or(SystemTime::UNIX_EPOCH));
            if path != part.path {
                part.beside.push(path);
            }
        }
        Ok(found.into_values().collect())
    }
}

impl Part {
    /// Throws it away unless somebody downloads to it, and gives how much that was.
    fn discard(&self) -> Result<u64, StoreError> {
        // Held until it is gone, so that nobody goes on with it meanwhile.
        let file = if self.path.exists() {
            Some(open(&self.path)?)
        } else {
            None
        };
        if file.as_ref().is_some_and(|file| file.try_lock().is_err()) {
            return Ok(0);
        }
        for path in &self.beside {
            remove(path)?;
        }
        remove(&self.path)?;
        Ok(self.bytes)
    }
}

impl Old {
    fn used(&self) -> SystemTime {
        match self {
            Self::Part(part) => part.used,
            Self::Tree(tree) => tree.used,
        }
    }

    /// The sum that it goes by.
    fn name(&self) -> &str {
        let path = match self {
            Self::Part(part) => &part.path,
            Self::Tree(tree) => &tree.directory,
        };
        let name = path.file_stem().and_then(|name| name.to_str());
        name.unwrap_or_default()
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

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::write(path)(error))
        }
        _ => Ok(()),
    }
}
