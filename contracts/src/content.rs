//! Files identified by their content: size and SHA-256.

use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::Sha256;
pub use crate::sha256::hex;

/// A file of a dataset or an export, with the size and hash of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Path relative to the directory of the listing, with `/` between the parts.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: Sha256,
    /// Size in bytes.
    pub bytes: u64,
}

/// Why a file does not match a listing.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// The size differs.
    #[error(
        "{path} has {found} bytes, but the manifest lists {expected}: it was changed or is incomplete; get a fresh copy"
    )]
    Size {
        /// The file.
        path: String,
        /// The size in the listing, in bytes.
        expected: u64,
        /// The size of the file, in bytes.
        found: u64,
    },
    /// The hash differs.
    #[error(
        "{path} has SHA-256 {found}, but the manifest lists {expected}: it was changed; get a fresh copy"
    )]
    Hash {
        /// The file.
        path: String,
        /// The hash in the listing.
        expected: Sha256,
        /// The hash of the file.
        found: Sha256,
    },
    /// The listed path leaves the directory.
    #[error(
        "the listed path {0:?} leaves the directory; a manifest may list only files in its own directory"
    )]
    Outside(String),
}

/// Opens a regular file. Opening a named pipe would block until another process writes to it, and
/// reading a device may never end.
///
/// # Errors
///
/// When it is not a regular file or cannot be opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let reason = "it is a pipe, socket or device, not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    File::open(path)
}

/// SHA-256 and size of a regular file's content.
///
/// # Errors
///
/// When the file cannot be read.
pub fn digest_file(path: &Path) -> io::Result<(Sha256, u64)> {
    digest_reader(open_regular(path)?)
}

/// SHA-256 and size of all that a reader gives.
///
/// # Errors
///
/// When it cannot be read.
pub fn digest_reader(mut reader: impl Read) -> io::Result<(Sha256, u64)> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok((sum(hasher), bytes)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// SHA-256 of bytes in memory.
///
/// ```
/// let sum = protea_contracts::content::digest_bytes(b"abc");
/// assert!(sum.to_string().starts_with("ba7816bf"));
/// ```
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> Sha256 {
    sum(sha2::Sha256::new_with_prefix(bytes))
}

fn sum(hasher: sha2::Sha256) -> Sha256 {
    let bytes: [u8; 32] = hasher.finalize().into();
    bytes.into()
}

impl FileDigest {
    /// The digest of the file at `path` below `directory`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn of(directory: &Path, path: &str) -> io::Result<Self> {
        let (sha256, bytes) = digest_file(&directory.join(path))?;
        Ok(Self {
            path: path.to_owned(),
            sha256,
            bytes,
        })
    }

    /// Checks that the file exists and has the listed size. Cheap, and enough before mapping it into
    /// memory.
    ///
    /// # Errors
    ///
    /// [`ContentError`].
    pub fn check_size(&self, directory: &Path) -> Result<(), ContentError> {
        let relative = Path::new(&self.path);
        let stays_inside = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !stays_inside || self.path.is_empty() {
            return Err(ContentError::Outside(self.path.clone()));
        }
        let path = directory.join(relative);
        let found = std::fs::metadata(&path)
            .map_err(|source| ContentError::Unreadable {
                path: path.display().to_string(),
                source,
            })?
            .len();
        if found == self.bytes {
            Ok(())
        } else {
            Err(ContentError::Size {
                path: path.display().to_string(),
                expected: self.bytes,
                found,
            })
        }
    }

    /// Checks size and SHA-256 of the file below `directory`.
    ///
    /// # Errors
    ///
    /// [`ContentError`].
    pub fn check(&self, directory: &Path) -> Result<(), ContentError> {
        self.check_with(directory, |file| {
            let (found, _) = digest_reader(file)?;
            Ok(*found.as_bytes())
        })
    }

    /// As [`check`](Self::check), with the SHA-256 that `digest` returns for the open file, such as one
    /// that was computed before.
    ///
    /// # Errors
    ///
    /// [`ContentError`]. An error of `digest` is one of reading the file.
    pub fn check_with(
        &self,
        directory: &Path,
        digest: impl FnOnce(&File) -> io::Result<[u8; 32]>,
    ) -> Result<(), ContentError> {
        self.check_size(directory)?;
        let path = directory.join(&self.path);
        let found = open_regular(&path).and_then(|file| digest(&file));
        let found = found.map_err(|source| ContentError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        let found = Sha256::from(found);
        if found == self.sha256 {
            Ok(())
        } else {
            Err(ContentError::Hash {
                path: path.display().to_string(),
                expected: self.sha256,
                found,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_cannot_point_outside_its_directory() {
        for path in ["../secret", "/etc/passwd", "a/../../b", ""] {
            let digest = FileDigest {
                path: path.into(),
                sha256: digest_bytes(b""),
                bytes: 0,
            };
            assert!(
                matches!(digest.check(Path::new(".")), Err(ContentError::Outside(_))),
                "{path}"
            );
        }
    }
}
