//! Publishes a local directory: sends and checks every file, then writes the manifest. A directory
//! counts as published only when it has a manifest.

use std::{fs, path::Path};

use protea_contracts::{FileDigest, Sha256};
use protea_files::{Directory, Links, Staging, Stoppable};
use url::Url;

use super::{
    Store, StoreError, StoreManifest,
    location::{is_local, local_path, redacted},
    manifest::NAMES,
    meter::{Meter, TransferKind},
    object_info::Made,
    remote::Remote,
    write_atomic,
};

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The URI without secrets.
    pub uri: String,
    /// The files, not counting the manifest.
    pub files: Vec<FileDigest>,
    /// The identity of the directory: the SHA-256 of its manifest.
    pub sha256: Sha256,
}

impl Published {
    pub(super) fn new(uri: String, manifest: StoreManifest) -> Self {
        Self {
            uri,
            sha256: manifest.sha256(),
            files: manifest.files,
        }
    }

    /// The total size of all files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Store {
    /// Checks that `uri` is free and writable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Published`], [`StoreError::Exists`], [`StoreError::ReadOnly`], or an error
    /// that the store cannot be reached.
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

    /// Publishes a directory at `uri`. If the directory has no manifest, the published one is named
    /// [`EXPORT_MANIFEST`](super::EXPORT_MANIFEST).
    ///
    /// Overwrites nothing. Reuses equal files of an earlier incomplete attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. There is no manifest at `uri` then.
    pub fn publish(&self, directory: &Path, uri: &Url) -> Result<Published, StoreError> {
        let display_uri = redacted(uri);
        let manifest = self.manifest_for(directory)?;
        if is_local(uri) {
            self.publish_here(directory, &manifest, &local_path(uri)?)?;
        } else {
            self.publish_there(directory, &manifest, &self.remote(uri)?)?;
        }
        Ok(Published::new(display_uri, manifest))
    }

    pub(super) fn manifest_for(&self, directory: &Path) -> Result<StoreManifest, StoreError> {
        let display_uri = directory.display().to_string();
        match StoreManifest::find_local(directory)? {
            Some(manifest) => {
                let meter = self.meter(TransferKind::Check, &display_uri, manifest.total());
                manifest.covers(directory, &meter)?;
                for file in &manifest.files {
                    meter.check()?;
                    let checked = self.check_file(directory, file)?;
                    checked.map_err(|error| StoreError::Corrupt {
                        uri: display_uri.clone(),
                        reason: protea_contracts::error::with_causes(&error),
                    })?;
                    meter.add(file.bytes);
                }
                Ok(manifest)
            }
            None => {
                StoreManifest::make(directory, &self.meter(TransferKind::Check, &display_uri, 0))
            }
        }
    }

    fn publish_here(
        &self,
        directory: &Path,
        manifest: &StoreManifest,
        to: &Path,
    ) -> Result<(), StoreError> {
        let staging = Staging::begin(to)?;
        let source = Directory::open(directory, Links::Follow)?;
        let display_uri = to.display().to_string();
        let meter = self.meter(TransferKind::Upload, &display_uri, manifest.total());
        for file in &manifest.files {
            meter.check()?;
            let copy = staging.path().join(&file.path);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent).map_err(StoreError::write(parent))?;
            }
            let original = source.open_file(Path::new(&file.path))?;
            let stop = || meter.is_cancelled();
            let mut original = Stoppable::new(original, directory.join(&file.path), &stop);
            fs::File::create_new(&copy)
                .and_then(|mut copy| std::io::copy(&mut original, &mut copy))
                .map_err(|error| {
                    meter
                        .check()
                        .err()
                        .unwrap_or_else(|| StoreError::write(&copy)(error))
                })?;
            file.check(staging.path())
                .map_err(|error| StoreError::Corrupt {
                    uri: display_uri.clone(),
                    reason: protea_contracts::error::with_causes(&error),
                })?;
            meter.add(file.bytes);
        }
        write_atomic(&staging.path().join(&manifest.name), &manifest.bytes)?;
        staging.publish_unless(&|| meter.is_cancelled())?;
        Ok(())
    }

    pub(super) fn publish_there(
        &self,
        directory: &Path,
        manifest: &StoreManifest,
        remote: &Remote,
    ) -> Result<(), StoreError> {
        vacant(remote)?;
        let display_uri = remote.display_uri("");
        // The total counts each byte twice: sent and read back.
        let meter = self.meter(TransferKind::Upload, &display_uri, 2 * manifest.total());
        let source = Directory::open(directory, Links::Follow)?;
        let mut arrived = Vec::with_capacity(manifest.files.len());
        for file in &manifest.files {
            arrived.push(send(remote, &source, file, &meter)?);
        }
        // Multipart uploads are not conditional, so another process may have published here too.
        for (file, etag) in manifest.files.iter().zip(arrived) {
            meter.check()?;
            let now = remote.stat(&file.path)?;
            if now.as_ref().map(|stat| &stat.etag) != Some(&etag) {
                return Err(StoreError::Changed {
                    uri: remote.display_uri(&file.path),
                });
            }
        }
        announce(remote, manifest)
    }
}

/// Writes the manifest. A conditional write protects one name, but there are two manifest names. So
/// if two processes publish under both names, each that sees the other manifest removes its own.
fn announce(remote: &Remote, manifest: &StoreManifest) -> Result<(), StoreError> {
    let others = NAMES.iter().filter(|name| **name != manifest.name);
    let alone = || {
        for other in others.clone() {
            if remote.stat(other)?.is_some() {
                return Err(StoreError::Published {
                    uri: remote.display_uri(""),
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
    // A manifest that existed before may belong to another process, and a failed check proves
    // nothing.
    if made == Made::Now && matches!(error, StoreError::Published { .. }) {
        remote.withdraw(&manifest.name)?;
    }
    Err(error)
}

/// Fails if something is published already, or if nothing can be published.
fn vacant(remote: &Remote) -> Result<(), StoreError> {
    remote.writable()?;
    for name in ["", NAMES[0], NAMES[1]] {
        if remote.stat(name)?.is_some() {
            return Err(StoreError::Published {
                uri: remote.display_uri(""),
            });
        }
    }
    Ok(())
}

/// Sends a file unless it already exists, reads it back and returns its ETag.
fn send(
    remote: &Remote,
    directory: &Directory,
    file: &FileDigest,
    meter: &Meter<'_>,
) -> Result<Option<String>, StoreError> {
    if remote.stat(&file.path)?.is_some() {
        let there = remote.hash(&file.path, meter)?;
        if there.sha256 != file.sha256 {
            return Err(StoreError::Published {
                uri: remote.display_uri(&file.path),
            });
        }
        meter.add(file.bytes);
        return Ok(there.etag);
    }
    let content = directory.open_file(Path::new(&file.path))?;
    let place = directory.path().join(&file.path);
    remote.upload(&file.path, &content, &place, meter)?;
    let there = remote.hash(&file.path, meter)?;
    if there.sha256 == file.sha256 {
        Ok(there.etag)
    } else {
        Err(StoreError::Corrupt {
            uri: remote.display_uri(&file.path),
            reason: format!(
                "its SHA-256 is {}, but {} was sent",
                there.sha256, file.sha256
            ),
        })
    }
}
