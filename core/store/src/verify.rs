//! Compares a directory with its manifest.

use std::path::Path;

use protea_contracts::{
    FileDigest, Sha256,
    content::{self, ContentError},
};
use protea_files::{DigestCache, Links, Stoppable};
use url::Url;

use super::{
    Store, StoreError, StoreManifest,
    access::{find_manifest, not_published},
    location::{is_local, local_path, redacted},
    meter::TransferKind,
};

/// The result of comparing a directory with its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The URI of the directory, without secrets.
    pub uri: String,
    /// The name of the manifest.
    pub manifest: String,
    /// The identity of the directory: the SHA-256 of its manifest.
    pub sha256: Sha256,
    /// Every listed file.
    pub files: Vec<FileCheck>,
}

/// The result for one listed file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileCheck {
    /// Its path relative to the directory.
    pub path: String,
    /// The listed size in bytes.
    pub bytes: u64,
    /// Whether it matches.
    pub state: FileState,
}

/// Whether a file matches its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It matches the manifest.
    Whole,
    /// It is missing or unreadable.
    Missing,
    /// It has another size, in bytes.
    Size(u64),
    /// It has another SHA-256.
    Sum(Sha256),
}

impl Verified {
    /// Whether every file matches the manifest.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::Whole)
    }

    /// The total size of all files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Store {
    /// Compares size and SHA-256 of a listed file with the file below a local directory. A file that
    /// was hashed before and has not changed since is not read again (see [`DigestCache`]). Stops soon
    /// after the observer cancels, however large the file is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Cancelled`]. The inner error says how the file differs.
    pub fn check_file(
        &self,
        directory: &Path,
        file: &FileDigest,
    ) -> Result<Result<(), ContentError>, StoreError> {
        let digests = self
            .cache()
            .map_or_else(|_| DigestCache::none(), |cache| cache.digests());
        self.check_content(directory, file, &digests)
    }

    fn check_content(
        &self,
        directory: &Path,
        file: &FileDigest,
        digests: &DigestCache,
    ) -> Result<Result<(), ContentError>, StoreError> {
        if let Err(error) = file.check_size(directory) {
            return Ok(Err(error));
        }
        let path = directory.join(&file.path);
        let stop = || self.observer.is_cancelled();
        // The files of a dataset may be links: their hashes are what counts.
        let opened = protea_files::open(&path, Links::Follow).map_err(std::io::Error::from);
        let digest = opened.and_then(|opened| {
            digests.digest(&opened, |opened| {
                let (digest, _) = content::digest_reader(Stoppable::new(opened, &path, &stop))?;
                Ok(*digest.as_bytes())
            })
        });
        let digest = digest.map(Sha256::from);
        Ok(match digest {
            Err(_) if stop() => return Err(StoreError::Cancelled),
            Err(source) => Err(ContentError::Unreadable {
                path: path.display().to_string(),
                source,
            }),
            Ok(found) if found == file.sha256 => Ok(()),
            Ok(found) => Err(ContentError::Hash {
                path: path.display().to_string(),
                expected: file.sha256,
                found,
            }),
        })
    }

    /// Reads every file of the directory at `uri`, also those that were hashed before, and compares it
    /// with the manifest. Does not use the cache, and keeps nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when there is no manifest, or the store cannot be read. A file that differs
    /// is not an error.
    pub fn verify(&self, uri: &Url) -> Result<Verified, StoreError> {
        let display_uri = redacted(uri);
        if is_local(uri) {
            let directory = local_path(uri)?;
            let manifest =
                StoreManifest::find_local(&directory)?.ok_or_else(|| not_published(uri))?;
            let meter = self.meter(TransferKind::Check, &display_uri, manifest.total());
            return checked(&display_uri, &manifest, |file| {
                meter.check()?;
                let checked = self.check_content(&directory, file, &DigestCache::none())?;
                let state = match checked {
                    Ok(()) => FileState::Whole,
                    Err(ContentError::Size { found, .. }) => FileState::Size(found),
                    Err(ContentError::Hash { found, .. }) => FileState::Sum(found),
                    Err(ContentError::Unreadable { .. } | ContentError::Outside(_)) => {
                        FileState::Missing
                    }
                };
                meter.add(file.bytes);
                Ok(state)
            });
        }
        let remote = self.remote(uri)?;
        let manifest = find_manifest(&remote)?.ok_or_else(|| not_published(uri))?;
        let meter = self.meter(TransferKind::Check, &display_uri, manifest.total());
        checked(&display_uri, &manifest, |file| {
            Ok(match remote.stat(&file.path)? {
                None => FileState::Missing,
                Some(stat) if stat.size != file.bytes => FileState::Size(stat.size),
                Some(_) => {
                    let content = remote.hash(&file.path, &meter)?;
                    if content.sha256 == file.sha256 {
                        FileState::Whole
                    } else {
                        FileState::Sum(content.sha256)
                    }
                }
            })
        })
    }
}

fn checked(
    uri: &str,
    manifest: &StoreManifest,
    mut check: impl FnMut(&FileDigest) -> Result<FileState, StoreError>,
) -> Result<Verified, StoreError> {
    let files = manifest.files.iter().map(|file| {
        Ok(FileCheck {
            path: file.path.clone(),
            bytes: file.bytes,
            state: check(file)?,
        })
    });
    Ok(Verified {
        uri: uri.to_owned(),
        manifest: manifest.name.clone(),
        sha256: manifest.sha256(),
        files: files.collect::<Result<_, StoreError>>()?,
    })
}
