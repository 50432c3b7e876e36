//! Directories of the cache: found by their manifest, or created file by file.

use std::{
    collections::BTreeMap,
    fs::{self, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use protea_contracts::{FileDigest, content::digest_file};

use super::{
    Cache,
    evict::remove,
    lease::{Lease, Staged, wait},
};
use crate::{StoreError, StoreManifest, meter::Meter, part::PartFile, remote::Remote};

/// How often a file is fetched whose SHA-256 is not the listed one.
const TRIES: usize = 2;

/// How long to wait for another process that uses a directory to be discarded.
const OTHERS: Duration = Duration::from_secs(2);

/// Identifies a directory by its mtime: a directory that was created again has another one.
#[derive(PartialEq, Eq)]
pub(crate) struct Found(Option<SystemTime>);

impl Found {
    pub(crate) fn at(directory: &Path) -> Self {
        let metadata = directory.metadata();
        Self(metadata.and_then(|metadata| metadata.modified()).ok())
    }
}

impl Cache {
    /// The complete directory that a manifest describes: from the cache, or fetched.
    pub(crate) fn tree(
        &self,
        manifest: &StoreManifest,
        remote: &Remote,
        meter: &Meter<'_>,
    ) -> Result<Staged, StoreError> {
        self.make()?;
        let sha256 = manifest.sha256().to_string();
        let directory = self.trees().join(&sha256);
        loop {
            {
                let gate = self.enter()?;
                let lock = self.lock_of(&sha256)?;
                match lock.try_lock_shared() {
                    Ok(()) if directory.is_dir() => {
                        meter.cache_used();
                        return Ok(Staged {
                            path: directory,
                            lease: Lease::from_lock(lock),
                        });
                    }
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => {
                        drop(gate);
                        wait(meter.is_cancelled())?;
                        continue;
                    }
                    Err(TryLockError::Error(error)) => {
                        return Err(StoreError::write(&directory)(error));
                    }
                }
            }
            self.make_room_for(manifest, &sha256)?;
            let maker = {
                let gate = self.enter()?;
                let lock = self.lock_of(&sha256)?;
                match lock.try_lock() {
                    Ok(()) => lock,
                    Err(TryLockError::WouldBlock) => {
                        drop(gate);
                        wait(meter.is_cancelled())?;
                        continue;
                    }
                    Err(TryLockError::Error(error)) => {
                        return Err(StoreError::write(&directory)(error));
                    }
                }
            };
            if !directory.is_dir() {
                self.make_tree(manifest, &directory, remote, meter)?;
            }
            // Eviction waits until this process has the lease.
            let _gate = self.enter()?;
            maker.unlock().map_err(StoreError::write(&directory))?;
            if maker.try_lock_shared().is_ok() && directory.is_dir() {
                return Ok(Staged {
                    path: directory,
                    lease: Lease::from_lock(maker),
                });
            }
        }
    }

    /// Discards a directory that differs from its manifest, and its wrong files, unless another
    /// process has done so already. Returns false if another process still uses it after a short
    /// wait: a process that found the same difference releases it soon.
    pub(crate) fn discard(
        &self,
        manifest: &StoreManifest,
        found: &Found,
        meter: &Meter<'_>,
    ) -> Result<bool, StoreError> {
        let sha256 = manifest.sha256().to_string();
        let began = Instant::now();
        loop {
            {
                let _gate = self.enter_alone()?;
                if Found::at(&self.trees().join(&sha256)) != *found {
                    return Ok(true);
                }
                let lock = self.lock_of(&sha256)?;
                match lock.try_lock() {
                    Ok(()) => return self.discard_held(manifest).map(|()| true),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => {
                        return Err(StoreError::write(&self.trees().join(sha256))(error));
                    }
                }
            }
            if began.elapsed() >= OTHERS {
                return Ok(false);
            }
            wait(meter.is_cancelled())?;
        }
    }

    fn discard_held(&self, manifest: &StoreManifest) -> Result<(), StoreError> {
        for file in &manifest.files {
            let object = self.object(file);
            let good = digest_file(&object).is_ok_and(|(found, _)| found == file.sha256);
            if !good {
                remove(&object)?;
            }
        }
        let directory = self.trees().join(manifest.sha256().to_string());
        fs::remove_dir_all(&directory).map_err(StoreError::write(&directory))
    }

    /// Evicts the least recently used content until the missing files of a manifest fit. Keeps the
    /// files of the manifest that are in the cache.
    fn make_room_for(&self, manifest: &StoreManifest, sha256: &str) -> Result<(), StoreError> {
        let sizes: BTreeMap<String, u64> = manifest
            .files
            .iter()
            .map(|file| (file.sha256.to_string(), file.bytes))
            .collect();
        let lacking = sizes
            .iter()
            .filter(|(sum, _)| !self.objects().join(sum).exists())
            .map(|(sum, bytes)| bytes.saturating_sub(self.part_bytes(sum)));
        let lacking = lacking.sum();
        let protected = sizes.into_keys().chain([sha256.to_owned()]);
        self.make_room(lacking, &protected.collect())
    }

    fn make_tree(
        &self,
        manifest: &StoreManifest,
        directory: &Path,
        remote: &Remote,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let mut name = directory.as_os_str().to_owned();
        name.push(".new");
        let making = PathBuf::from(name);
        fs::create_dir_all(&making).map_err(StoreError::write(&making))?;
        // Written first, so that eviction knows which objects belong to the directory.
        let path = making.join(&manifest.name);
        crate::write_atomic(&path, &manifest.bytes)?;
        for file in &manifest.files {
            meter.check()?;
            let to = making.join(&file.path);
            if to.metadata().is_ok_and(|there| there.len() == file.bytes) {
                meter.add(file.bytes);
                continue;
            }
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(StoreError::write(parent))?;
            }
            if !self.take(file, &to)? {
                self.fetch(file, &to, remote, meter)?;
            } else {
                meter.add(file.bytes);
            }
        }
        fs::rename(&making, directory).map_err(StoreError::write(directory))
    }

    /// Where the content of a file is, once it is in the cache.
    fn object(&self, file: &FileDigest) -> PathBuf {
        self.objects().join(file.sha256.to_string())
    }

    /// Links an object into the directory. Returns false if the cache does not have it.
    fn take(&self, file: &FileDigest, to: &Path) -> Result<bool, StoreError> {
        let _gate = self.enter()?;
        let object = self.object(file);
        match object.metadata() {
            Ok(there) if there.len() == file.bytes => link(&object, to).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Fetches a file, checks it, stores it as an object and links it into the directory.
    fn fetch(
        &self,
        file: &FileDigest,
        to: &Path,
        remote: &Remote,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let part = self.parts().join(file.sha256.to_string());
        let under_way = PartFile::open(&part, meter)?;
        // Another process may have fetched it.
        if self.take(file, to)? {
            meter.add(file.bytes);
            return under_way.remove();
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            if let Err(error) = remote.download(&file.path, Some(file), &under_way, meter) {
                if part.metadata().is_ok_and(|part| part.len() == 0) {
                    under_way.remove()?;
                }
                return Err(error);
            }
            let (sha256, _) = digest_file(&part).map_err(StoreError::read(&part))?;
            if sha256 == file.sha256 {
                let _gate = self.enter()?;
                let object = self.object(file);
                protect(&part)?;
                fs::rename(&part, &object).map_err(StoreError::write(&object))?;
                return link(&object, to);
            }
            meter.take_back(file.bytes);
            if attempt == TRIES {
                under_way.remove()?;
                return Err(StoreError::Corrupt {
                    uri: remote.display_uri(&file.path),
                    reason: format!("its SHA-256 is {sha256}, but {} is listed", file.sha256),
                });
            }
        }
    }
}

/// Creates a hard link, or a copy on file systems without hard links.
fn link(object: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        fs::remove_file(to).map_err(StoreError::write(to))?;
    }
    match fs::hard_link(object, to) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(object, to)
            .map(drop)
            .map_err(StoreError::write(to)),
    }
}

/// Makes a file read-only, so that no program changes the cache by mistake.
fn protect(path: &Path) -> Result<(), StoreError> {
    // On other systems a read-only file cannot be removed.
    if !cfg!(unix) {
        return Ok(());
    }
    let metadata = path.metadata().map_err(StoreError::read(path))?;
    let mut permissions = metadata.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions).map_err(StoreError::write(path))
}
