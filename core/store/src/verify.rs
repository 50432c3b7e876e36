//! Whether what lies at a URI is what its manifest lists.

use protea_contracts::content::ContentError;
use url::Url;

use super::{
    Manifest, Store, StoreError,
    access::{find_manifest, not_published},
    location::{is_local, local_path, redacted},
    meter::TransferKind,
};

/// What a manifest lists, held against what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The directory, as it may be shown.
    pub uri: String,
    /// The name of the manifest.
    pub manifest: String,
    /// The identity of the directory: the SHA-256 of its manifest, in hexadecimal.
    pub sha256: String,
    /// Every file that is listed.
    pub files: Vec<FileCheck>,
}

/// One file, held against what is listed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// Its path below the directory.
    pub path: String,
    /// The size that is listed, in bytes.
    pub bytes: u64,
    /// How it is.
    pub state: FileState,
}

/// How a file is that a manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// As it is listed.
    Whole,
    /// It is not there, or cannot be read.
    Missing,
    /// It has another size, in bytes.
    Size(u64),
    /// It has another SHA-256.
    Sum(String),
}

impl Verified {
    /// Whether every file is as it is listed.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::Whole)
    }

    /// The sizes of all files together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Store {
    /// Reads every file of the directory at `uri`, and holds it against the manifest. Nothing of it
    /// is kept, and what is in the cache does not count.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where there is no manifest, or something cannot be read. A file that is not
    /// as listed is no error here.
    pub fn verify(&self, uri: &Url) -> Result<Verified, StoreError> {
        let shown = redacted(uri);
        if is_local(uri) {
            let directory = local_path(uri)?;
            let manifest = Manifest::of(&directory)?.ok_or_else(|| not_published(uri))?;
            let meter = self.meter(TransferKind::Check, &shown, manifest.total());
            return checked(&shown, &manifest, |file| {
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
        let meter = self.meter(TransferKind::Check, &shown, manifest.total());
        checked(&shown, &manifest, |file| {
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
    manifest: &Manifest,
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
