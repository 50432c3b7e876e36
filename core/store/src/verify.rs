//! Compares a directory with its manifest.

use protea_contracts::content::ContentError;
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
    /// The identity of the directory: the SHA-256 of its manifest, in hexadecimal.
    pub sha256: String,
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
    Sum(String),
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
    /// Reads every file of the directory at `uri` and compares it with the manifest. Does not use
    /// the cache, and keeps nothing.
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
                let state = match file.check(&directory) {
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
    mut check: impl FnMut(&protea_contracts::FileDigest) -> Result<FileState, StoreError>,
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
