//! Evicts from the cache: the least recently used first, and never what is in use.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use protea_files::{ComputedFile, ComputedFiles};

use super::{Cache, lease::open};
use crate::{StoreError, StoreManifest};

/// The content of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheUse {
    /// Number of datasets, models and exports.
    pub directories: usize,
    /// How many of them are in use now.
    pub in_use: usize,
    /// Number of different files in them.
    pub objects: usize,
    /// Total size of these files in bytes.
    pub object_bytes: u64,
    /// Number of active or interrupted downloads.
    pub parts: usize,
    /// Disk space of these downloads in bytes.
    pub part_bytes: u64,
    /// Number of files with parts of search indexes.
    pub indexes: usize,
    /// Total size of these files in bytes.
    pub index_bytes: u64,
}

/// What was evicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleared {
    /// Number of datasets, models and exports.
    pub directories: usize,
    /// Evicted bytes, including interrupted downloads.
    pub bytes: u64,
    /// Number of directories that were kept because they are in use.
    pub in_use: usize,
}

/// A directory of the cache, complete or incomplete.
struct Tree {
    directory: PathBuf,
    lock: PathBuf,
    used: SystemTime,
}

/// An active or interrupted download.
struct Part {
    path: PathBuf,
    companions: Vec<PathBuf>,
    bytes: u64,
    used: SystemTime,
}

/// What can be evicted.
enum Old {
    Computed(ComputedFile),
    Part(Part),
    Tree(Tree),
}

impl Cache {
    /// Counts the content of the cache.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the cache cannot be read.
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
        for file in self.all_computed()? {
            usage.indexes += 1;
            usage.index_bytes += file.bytes;
        }
        Ok(usage)
    }

    /// Evicts everything that is not in use, and forgets the hashes of files of this machine.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when something cannot be removed.
    pub fn clear(&self) -> Result<Cleared, StoreError> {
        if !self.root.is_dir() {
            return Ok(Cleared::default());
        }
        self.make()?;
        let digests = self.digests();
        digests.clear().map_err(StoreError::write(&self.root))?;
        self.shrink_to(0, &BTreeSet::new())
    }

    /// Evicts the least recently used content until this many more bytes fit below the limit. Keeps
    /// objects with the `protected` SHA-256, which are about to be used.
    pub(super) fn make_room(
        &self,
        bytes: u64,
        protected: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let most = self.limit.saturating_sub(bytes);
        self.shrink_to(most, protected).map(drop)
    }

    /// The bytes on disk of an active or interrupted download.
    pub(super) fn part_bytes(&self, name: &str) -> u64 {
        let metadata = self.parts().join(name).metadata();
        metadata.map_or(0, |metadata| taken(&metadata))
    }

    fn shrink_to(&self, most: u64, protected: &BTreeSet<String>) -> Result<Cleared, StoreError> {
        let _gate = self.enter_alone()?;
        let mut cleared = Cleared::default();
        let objects = files(&self.objects())?;
        let parts = self.all_parts()?;
        let computed = self.all_computed()?;
        let mut kept = objects.iter().map(|(_, bytes)| bytes).sum::<u64>()
            + parts.iter().map(|part| part.bytes).sum::<u64>()
            + computed.iter().map(|file| file.bytes).sum::<u64>();
        if kept <= most {
            return Ok(cleared);
        }
        let parts = parts.into_iter().map(Old::Part);
        let mut old: Vec<Old> = parts
            .chain(self.all_trees()?.into_iter().map(Old::Tree))
            .chain(computed.into_iter().map(Old::Computed))
            .filter(|old| !protected.contains(old.name()))
            .collect();
        old.sort_by_key(Old::used);
        // Objects that no directory uses are evicted first.
        let freed = self.sweep(protected)?;
        kept = kept.saturating_sub(freed);
        cleared.bytes += freed;
        for old in &old {
            if kept <= most {
                break;
            }
            let freed = match old {
                Old::Part(part) => part.discard()?,
                Old::Computed(file) => {
                    remove(&file.path)?;
                    file.bytes
                }
                Old::Tree(tree) => {
                    // The lock is held until the directory is removed.
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

    /// Removes objects that no directory uses and that are not protected. Returns the freed bytes.
    fn sweep(&self, protected: &BTreeSet<String>) -> Result<u64, StoreError> {
        let mut needed = protected.clone();
        for tree in self.all_trees()? {
            // An unreadable directory protects no objects: it is fetched again when needed.
            if let Ok(Some(manifest)) = StoreManifest::find_local(&tree.directory) {
                needed.extend(
                    manifest
                        .files
                        .into_iter()
                        .map(|file| file.sha256.to_string()),
                );
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

    fn all_computed(&self) -> Result<Vec<ComputedFile>, StoreError> {
        let files = ComputedFiles::below(&self.root);
        files.list().map_err(StoreError::read(&self.root))
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
            // Files that belong to a download have its name plus an ending.
            let own = path.with_extension("");
            let used = path.metadata().and_then(|metadata| metadata.modified());
            let part = found.entry(own.clone()).or_insert(Part {
                path: own,
                companions: Vec::new(),
                bytes: 0,
                used: SystemTime::UNIX_EPOCH,
            });
            part.bytes += bytes;
            part.used = part.used.max(used.unwrap_or(SystemTime::UNIX_EPOCH));
            if path != part.path {
                part.companions.push(path);
            }
        }
        Ok(found.into_values().collect())
    }
}

impl Part {
    /// Removes the download unless it is active. Returns the freed bytes.
    fn discard(&self) -> Result<u64, StoreError> {
        // Locked until it is removed, so that no other process resumes it in the meantime.
        let file = if self.path.exists() {
            Some(open(&self.path)?)
        } else {
            None
        };
        if file.as_ref().is_some_and(|file| file.try_lock().is_err()) {
            return Ok(0);
        }
        for path in &self.companions {
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
            Self::Computed(file) => file.used,
        }
    }

    /// The SHA-256 that is its name.
    fn name(&self) -> &str {
        let path = match self {
            Self::Part(part) => &part.path,
            Self::Tree(tree) => &tree.directory,
            Self::Computed(file) => &file.path,
        };
        let name = path.file_stem().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }
}

/// The files directly in a directory, with the smaller of disk usage and length: the file of an
/// active download has its final length from the start.
fn files(directory: &Path) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(StoreError::read(directory))? {
        let path = entry.map_err(StoreError::read(directory))?.path();
        // Another process may have moved the file.
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

/// Removes a file. A missing file is not an error.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::write(path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn indexes_are_counted_and_evicted_by_their_last_use() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::new(place.path().join("cache"), 100);
        let files = ComputedFiles::below(cache.directory());
        for (age, name) in [(20, "old"), (10, "new")] {
            files.write(name, &[&[1; 40]]).unwrap();
            let file = files.list().unwrap().pop().unwrap().path;
            let file = fs::File::options().append(true).open(file).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(used).unwrap();
        }
        let usage = cache.usage().unwrap();
        assert_eq!((usage.indexes, usage.index_bytes), (2, 80));
        cache.make_room(20, &BTreeSet::new()).unwrap();
        assert_eq!(cache.usage().unwrap().indexes, 2);
        cache.make_room(21, &BTreeSet::new()).unwrap();
        let kept = files.list().unwrap();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].path.ends_with("new"));
        assert_eq!(cache.clear().unwrap().bytes, 40);
        assert_eq!(cache.usage().unwrap(), CacheUse::default());
    }
}
