//! Files identified by their content: size and SHA-256.

use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A file of a dataset or an export, with the size and hash of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Path relative to the directory of the listing, with `/` between the parts.
    pub path: String,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
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
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// The listed path leaves the directory.
    #[error(
        "the listed path {0:?} leaves the directory; a manifest may list only files in its own directory"
    )]
    Outside(String),
}

/// SHA-256 and size of a file's content.
///
/// # Errors
///
/// When the file cannot be read.
pub fn digest_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok((hex(&hasher.finalize()), bytes)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// SHA-256 of bytes in memory, in hexadecimal.
///
/// ```
/// let sum = protea_contracts::content::digest_bytes(b"abc");
/// assert!(sum.starts_with("ba7816bf"));
/// ```
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
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
        self.check_size(directory)?;
        let path = directory.join(&self.path);
        let (found, _) = digest_file(&path).map_err(|source| ContentError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        if found.eq_ignore_ascii_case(&self.sha256) {
            Ok(())
        } else {
            Err(ContentError::Hash {
                path: path.display().to_string(),
                expected: self.sha256.clone(),
                found,
            })
        }
    }
}

/// Bytes in lower-case hexadecimal, as the hashes here are written.
///
/// ```
/// assert_eq!(protea_contracts::content::hex(&[0, 171]), "00ab");
/// ```
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_cannot_point_outside_its_directory() {
        for path in ["../secret", "/etc/passwd", "a/../../b", ""] {
            let digest = FileDigest {
                path: path.into(),
                sha256: String::new(),
                bytes: 0,
            };
            assert!(
                matches!(digest.check(Path::new(".")), Err(ContentError::Outside(_))),
                "{path}"
            );
        }
    }
}
