//! From a directory of this machine to a place where it appears whole: every file first, checked
//! where it arrived, then the manifest, by which alone the place counts as published.

use std::{fs, path::Path};

use protea_contracts::FileDigest;
use url::Url;

use super::{
    Manifest, Staging, Store, StoreError,
    location::{is_local, local_path, redacted},
    manifest::NAMES,
    meter::{Meter, TransferKind},
    object_info::Made,
    remote::Remote,
    write_atomic,
};

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where, as it may be shown.
    pub uri: String,
    /// The files, without the manifest.
    pub files: Vec<FileDigest>,
    /// The identity of the directory: the SHA-256 of its manifest, in hexadecimal.
    pub sha256: String,
}

impl Published {
    /// The sizes of all files together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Store {
    /// Fails unless something could be published at `uri`: nothing is there, and it can be written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Published`], [`StoreError::Exists`], [`StoreError::ReadOnly`], or that the
    /// store cannot be reached.
    pub fn check_vacant(&self, uri: &Url) -> Result<(), StoreError> {
        if is_local(uri) {
            let path = local_path(uri)?;
            return match path.symlink_metadata() {
                Ok(_) => Err(StoreError::Exists { path }),
                Err(_) => Ok(()),
            };
        }
        vacant(&self.remote(uri)?)
    }

    /// Publishes a directory at `uri`. A directory without a manifest gets one there, named
    /// [`EXPORT_MANIFEST`](super::EXPORT_MANIFEST).
    ///
    /// Nothing that is there is overwritten. Files of an earlier try that did not come to its end
    /// are taken over where they are the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; there is no manifest at `uri` then.
    pub fn publish(&self, directory: &Path, uri: &Url) -> Result<Published, StoreError> {
        let shown = redacted(uri);
        let manifest = self.manifest_for(directory)?;
        if is_local(uri) {
            self.publish_here(directory, &manifest, &local_path(uri)?)?;
        } else {
            self.publish_there(directory, &manifest, &self.remote(uri)?)?;
        }
        Ok(Published {
            uri: shown,
            sha256: manifest.sha256(),
            files: manifest.files,
        })
    }

    fn manifest_for(&self, directory: &Path) -> Result<Manifest, StoreError> {
        let shown = directory.display().to_string();
        match Manifest::of(directory)? {
            Some(manifest) => {
                manifest.covers(directory)?;
                let meter = self.meter(TransferKind::Check, &shown, manifest.total());
                for file in &manifest.files {
                    meter.check()?;
                    file.check(directory).map_err(|error| StoreError::Corrupt {
                        uri: shown.clone(),
                        reason: protea_contracts::error::with_causes(&error),
                    })?;
                    meter.add(file.bytes);
                }
                Ok(manifest)
            }
            None => Manifest::make(directory, &self.meter(TransferKind::Check, &shown, 0)),
        }
    }

    fn publish_here(
        &self,
        directory: &Path,
        manifest: &Manifest,
        to: &Path,
    ) -> Result<(), StoreError> {
        let staging = Staging::begin(to)?;
        let shown = to.display().to_string();
        let meter = self.meter(TransferKind::Upload, &shown, manifest.total());
        for file in &manifest.files {
            meter.check()?;
            let copy = staging.path().join(&file.path);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent).map_err(StoreError::write(parent))?;
            }
            fs::copy(directory.join(&file.path), &copy).map_err(StoreError::write(&copy))?;
            file.check(staging.path())
                .map_err(|error| StoreError::Corrupt {
                    uri: shown.clone(),
                    reason: protea_contracts::error::with_causes(&error),
                })?;
            meter.add(file.bytes);
        }
        write_atomic(&staging.path().join(&manifest.name), &manifest.bytes)?;
        staging.publish().map(drop)
    }

    fn publish_there(
        &self,
        directory: &Path,
        manifest: &Manifest,
        remote: &Remote,
    ) -> Result<(), StoreError> {
        vacant(remote)?;
        let shown = remote.shown("");
        // Each byte is sent once and read back once.
        let meter = self.meter(TransferKind::Upload, &shown, 2 * manifest.total());
        let mut arrived = Vec::with_capacity(manifest.files.len());
        for file in &manifest.files {
            arrived.push(send(remote, directory, file, &meter)?);
        }
        // A large object has no guard of its own against another who publishes here as well.
        for (file, etag) in manifest.files.iter().zip(arrived) {
            meter.check()?;
            let now = remote.stat(&file.path)?;
            if now.as_ref().map(|stat| &stat.etag) != Some(&etag) {
                return Err(StoreError::Changed {
                    uri: remote.shown(&file.path),
                });
            }
        }
        announce(remote, manifest)
    }
}

/// Writes the manifest. No store guards one of the two names against the other: of those who come at
/// once under both, whoever sees the other afterwards takes the own one back.
fn announce(remote: &Remote, manifest: &Manifest) -> Result<(), StoreError> {
    let others = NAMES.iter().filter(|name| **name != manifest.name);
    let alone = || {
        for other in others.clone() {
            if remote.stat(other)?.is_some() {
                return Err(StoreError::Published {
                    uri: remote.shown(""),
                });
            }
        }
        Ok(())
    };
    alone()?;
    let made = remote.create(&manifest.name, &manifest.bytes)?;
    let Err(error) = alone() else {
        return Ok(());
    };
    // What was there before may be somebody else's, and a look that failed saw no other.
    if made == Made::Now && matches!(error, StoreError::Published { .. }) {
        remote.withdraw(&manifest.name)?;
    }
    Err(error)
}

/// Fails where something is published already, or nothing can be.
fn vacant(remote: &Remote) -> Result<(), StoreError> {
    remote.writable()?;
    for name in ["", NAMES[0], NAMES[1]] {
        if remote.stat(name)?.is_some() {
            return Err(StoreError::Published {
                uri: remote.shown(""),
            });
        }
    }
    Ok(())
}

/// Sends a file, unless it is there already, reads it back, and gives its tag.
fn send(
    remote: &Remote,
    directory: &Path,
    file: &FileDigest,
    meter: &Meter<'_>,
) -> Result<Option<String>, StoreError> {
    if remote.stat(&file.path)?.is_some() {
        let there = remote.hash(&file.path, meter)?;
        if there.sha256 != file.sha256 {
            return Err(StoreError::Published {
                uri: remote.shown(&file.path),
            });
        }
        meter.add(file.bytes);
        return Ok(there.etag);
    }
    remote.upload(&file.path, &directory.join(&file.path), meter)?;
    let there = remote.hash(&file.path, meter)?;
    if there.sha256 == file.sha256 {
        Ok(there.etag)
    } else {
        Err(StoreError::Corrupt {
            uri: remote.shown(&file.path),
            reason: format!(
                "it has SHA-256 {} where {} was sent",
                there.sha256, file.sha256
            ),
        })
    }
}
