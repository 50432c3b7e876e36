//! A prefix of an object store that a program reads and writes object by object: small objects that
//! are created once, and directories that are published below it.

use std::{fmt, fs, path::Path};

use protea_contracts::Sha256;
use protea_files::{Access, open_to_write};
use url::Url;

use super::{
    Published, Store, StoreError, StoreManifest,
    location::is_local,
    manifest::{EXPORT_MANIFEST, LARGEST},
    meter::{Meter, TransferKind},
    object_info::Made,
    remote::Remote,
};

/// The most objects that one listing returns.
const MOST_OBJECTS: usize = 10_000_000;

/// A writable prefix of an object store. All calls use the same connections.
pub struct Prefix {
    store: Store,
    remote: Remote,
}

impl fmt::Debug for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Prefix")
            .field(&self.uri(""))
            .finish()
    }
}

/// What creating an object found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object has this content: this call created it, or an earlier try did.
    Now,
    /// An object with other content exists, and was not changed.
    Exists,
}

impl Store {
    /// The objects below a URI of an object store. Makes no request yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Elsewhere`] for a path of this machine, [`StoreError::ReadOnly`] for a web server,
    /// and errors about the URI, the credentials or the build.
    pub fn prefix(&self, uri: &Url) -> Result<Prefix, StoreError> {
        if is_local(uri) {
            return Err(StoreError::Scheme {
                uri: uri.to_string(),
            });
        }
        let remote = self.remote(uri)?;
        remote.writable()?;
        Ok(Prefix {
            store: self.clone(),
            remote,
        })
    }
}

impl Prefix {
    /// The URI of an object or prefix below this one, without secrets; of this one if `name` is empty.
    #[must_use]
    pub fn uri(&self, name: &str) -> String {
        self.remote.display_uri(name)
    }

    /// Reads an object of at most `most` bytes. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.remote.read(name, most)
    }

    /// Creates an object, unless one with this name exists (`If-None-Match: *` in S3).
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        match self.remote.create(name, bytes) {
            Ok(Made::Now | Made::Before) => Ok(Created::Now),
            Err(StoreError::Published { .. }) => Ok(Created::Exists),
            Err(error) => Err(error),
        }
    }

    /// Removes an object. A missing object is not an error.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.remote.withdraw(name)
    }

    /// The names directly below `directory`, relative to it and sorted; those of prefixes end with `/`.
    /// Empty if nothing exists there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn names(&self, directory: &str) -> Result<Vec<String>, StoreError> {
        self.listed(directory, false)
    }

    /// The names of all objects below `directory`, relative to it and sorted.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn all_names(&self, directory: &str) -> Result<Vec<String>, StoreError> {
        self.listed(directory, true)
    }

    fn listed(&self, directory: &str, recursive: bool) -> Result<Vec<String>, StoreError> {
        let listing = self
            .remote
            .below(directory)?
            .list(recursive, MOST_OBJECTS)?;
        if listing.more {
            return Err(StoreError::Failed {
                uri: self.uri(directory),
                reason: format!("it has more than {MOST_OBJECTS} objects"),
            });
        }
        let names = listing.entries.into_iter().map(|entry| entry.name);
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }

    /// Publishes a directory of this machine at `name`, as [`Store::publish`] does.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. There is no manifest at `name` then.
    pub fn publish(&self, directory: &Path, name: &str) -> Result<Published, StoreError> {
        let manifest = self.store.manifest_for(directory)?;
        let remote = self.remote.below(name)?;
        self.store.publish_there(directory, &manifest, &remote)?;
        Ok(Published::new(self.uri(name), manifest))
    }

    /// Downloads the published directory at `name` into an existing directory of this machine, without
    /// the cache. `manifest` is the SHA-256 of its manifest. Every file is compared with the manifest,
    /// and fetched once more if it differs.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] names the object that differs. The directory may have a part of the files
    /// then.
    pub fn fetch(&self, name: &str, manifest: &Sha256, to: &Path) -> Result<(), StoreError> {
        let remote = self.remote.below(name)?;
        let found = published(&remote, manifest)?;
        let display_uri = self.uri(name);
        let meter = self
            .store
            .meter(TransferKind::Download, &display_uri, found.total());
        for file in &found.files {
            let path = to.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(StoreError::write(parent))?;
            }
            fetch_file(&remote, file, &path, &meter)?;
        }
        Ok(())
    }

    /// As [`fetch`](Self::fetch), only the file that the manifest lists as `file`, to the path `to`. False
    /// if the manifest does not list it.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch).
    pub fn fetch_listed(
        &self,
        name: &str,
        manifest: &Sha256,
        file: &str,
        to: &Path,
    ) -> Result<bool, StoreError> {
        let remote = self.remote.below(name)?;
        let found = published(&remote, manifest)?;
        let Some(listed) = found.files.iter().find(|listed| listed.path == file) else {
            return Ok(false);
        };
        let display_uri = self.uri(name);
        let meter = self
            .store
            .meter(TransferKind::Download, &display_uri, listed.bytes);
        fetch_file(&remote, listed, to, &meter)?;
        Ok(true)
    }
}

/// The manifest of a published directory, which must have this SHA-256.
fn published(remote: &Remote, manifest: &Sha256) -> Result<StoreManifest, StoreError> {
    let uri = remote.display_uri(EXPORT_MANIFEST);
    let corrupt = |reason: String| StoreError::Corrupt {
        uri: uri.clone(),
        reason,
    };
    let bytes = remote.read(EXPORT_MANIFEST, LARGEST)?;
    let bytes = bytes.ok_or_else(|| corrupt("it does not exist".to_owned()))?;
    let found = StoreManifest::parse(&uri, EXPORT_MANIFEST, bytes)?;
    let other = found.sha256();
    if other == *manifest {
        return Ok(found);
    }
    Err(corrupt(format!(
        "its SHA-256 is {other}, but {manifest} was published"
    )))
}

/// Fetches a file, and once more if it differs from the manifest.
fn fetch_file(
    remote: &Remote,
    file: &protea_contracts::FileDigest,
    path: &Path,
    meter: &Meter<'_>,
) -> Result<(), StoreError> {
    meter.check()?;
    let attempt = || {
        let mut content = open_to_write(path, Access::Replace)?;
        remote.fetch(&file.path, file, &mut content, meter)
    };
    match attempt() {
        Err(StoreError::Corrupt { .. }) => attempt(),
        ended => ended,
    }
}
