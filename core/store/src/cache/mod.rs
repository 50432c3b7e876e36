//! The cache: remote content on this machine, addressed by SHA-256.
//!
//! ```text
//! <cache>/lock                 held briefly: shared to use the cache, exclusive to evict
//! <cache>/objects/<sha256>     a file, named by its content, read-only
//! <cache>/parts/<sha256>       an active or interrupted download
//! <cache>/trees/<sha256>/      a directory, named by its manifest: links to objects
//! <cache>/trees/<sha256>.lock  held while the directory is in use; its mtime is the last use
//! <cache>/trees/<sha256>.new/  the incomplete directory
//! <cache>/digests/             hashes of files of this machine that have not changed
//! <cache>/indexes/             parts of search indexes, which runners write
//! ```
//!
//! All locks are file locks of the system, which releases them when a process ends for any reason.

mod evict;
mod lease;
mod tree;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

pub use evict::{CacheUse, Cleared};
pub use lease::{Lease, Staged};
pub(super) use tree::Found;

use protea_contracts::content;
use protea_files::DigestCache;
use url::Url;

use super::{StoreError, location::redacted, object_info::Stat};
use crate::quantity;

/// The variable with the directory of the cache; the default is in the user's cache directory.
const DIRECTORY: &str = "PROTEA_CACHE_DIR";
/// The variable with the size limit of the cache.
const LIMIT: &str = "PROTEA_CACHE_LIMIT";
/// The default limit in bytes.
const DEFAULT_LIMIT: u64 = 32 << 30;

/// Remote content on this machine, addressed by SHA-256. Several processes can use it at the same
/// time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
}

impl Cache {
    /// A cache in this directory with a limit in bytes. It exceeds the limit only while more is in
    /// use.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, limit: u64) -> Self {
        Self {
            root: root.into(),
            limit,
        }
    }

    /// The user's cache: in `PROTEA_CACHE_DIR`, by default `$XDG_CACHE_HOME/protea` or the
    /// equivalent of the system; with the limit `PROTEA_CACHE_LIMIT`, such as `100GiB`, by default
    /// 32 GiB.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setting`] when there is no such directory, or the limit is not a size.
    pub fn from_env() -> Result<Self, StoreError> {
        let limit = match env::var_os(LIMIT).filter(|text| !text.is_empty()) {
            None => DEFAULT_LIMIT,
            Some(text) => {
                text.to_str()
                    .and_then(quantity::size)
                    .ok_or_else(|| StoreError::Setting {
                        name: LIMIT.to_owned(),
                        reason: format!("{text:?} is not a size; set one such as 500MiB or 100GiB"),
                    })?
            }
        };
        Ok(Self::new(user_directory()?, limit))
    }

    /// The directory of the cache.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.root
    }

    /// The limit in bytes. More is kept only while it is in use.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Hashes of files of this machine.
    pub(super) fn digests(&self) -> DigestCache {
        DigestCache::below(&self.root)
    }

    fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    fn parts(&self) -> PathBuf {
        self.root.join("parts")
    }

    fn trees(&self) -> PathBuf {
        self.root.join("trees")
    }

    /// The file that a single object is downloaded to before it is copied elsewhere. Evicts to make
    /// room. The name depends on the ETag, so that a download resumes under a newly signed URI;
    /// without an ETag it does not resume.
    pub(super) fn part(&self, from: &Url, stat: &Stat) -> Result<PathBuf, StoreError> {
        self.make()?;
        let which = match &stat.etag {
            Some(etag) => etag.clone(),
            None => stat.size.to_string(),
        };
        let name = content::digest_bytes(format!("{}\n{which}", redacted(from)).as_bytes());
        let name = name.to_string();
        let lacking = stat.size.saturating_sub(self.part_bytes(&name));
        self.make_room(lacking, &BTreeSet::from([name.clone()]))?;
        Ok(self.parts().join(name))
    }

    /// Creates the directories, readable by the user only because the content may be private.
    fn make(&self) -> Result<(), StoreError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        for directory in [self.objects(), self.parts(), self.trees()] {
            builder
                .create(&directory)
                .map_err(StoreError::write(&directory))?;
        }
        Ok(())
    }
}

fn user_directory() -> Result<PathBuf, StoreError> {
    protea_files::user_cache()
        .map_err(StoreError::read(Path::new(DIRECTORY)))?
        .ok_or_else(|| StoreError::Setting {
            name: DIRECTORY.to_owned(),
            reason: "HOME is not set; set this variable to a directory for the cache".to_owned(),
        })
}
