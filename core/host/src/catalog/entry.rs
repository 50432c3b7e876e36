//! A runner of the catalog: its file and its descriptor.

use std::path::{Path, PathBuf};

use protea_contracts::{Descriptor, Sha256, content};

use super::{CatalogError, Origin};

/// A runner of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// Who named its directory.
    pub origin: Origin,
}

impl Entry {
    /// The entry of the file at `path`, whose descriptor was read from it. Hashes the file.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Changed`] when the file is no longer readable.
    pub fn read(path: &Path, descriptor: Descriptor, origin: Origin) -> Result<Self, CatalogError> {
        let (sha256, _) = content::digest_file(path).map_err(|_| CatalogError::Changed {
            path: path.to_owned(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            descriptor,
            sha256,
            origin,
        })
    }
}
