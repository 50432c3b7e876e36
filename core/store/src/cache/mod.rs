//! What was fetched from elsewhere, kept on this machine by its SHA-256.
//!
//! ```text
//! <cache>/lock                 held for moments: shared by who takes, alone by who throws away
//! <cache>/objects/<sha256>     a file by its content, read-only
//! <cache>/parts/<sha256>       a download under way, or interrupted
//! <cache>/trees/<sha256>/      a directory by its manifest: links to objects
//! <cache>/trees/<sha256>.lock  held while the directory is in use; its time is that of the last use
//! <cache>/trees/<sha256>.new/  the directory in the making
//! ```
//!
//! All locks are the system's, which a process loses when it ends, however it does.

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
use url::Url;

use super::{StoreError, location::redacted, object_info::Stat};
use crate::quantity;

/// Where the cache is, in place of the user's directory for such.
const DIRECTORY: &str = "PROTEA_CACHE_DIR";
/// How much it keeps.
const LIMIT: &str = "PROTEA_CACHE_LIMIT";
/// Unless that says otherwise, in bytes.
const DEFAULT_LIMIT: u64 = 32 << 30;

/// What was fetched from elsewhere, kept on this machine by its SHA-256. Any number of processes
/// may use it at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
}

impl Cache {
    /// The cache in this directory, which keeps no more than so many bytes unless more are in use.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, limit: u64) -> Self {
        Self {
            root: root.into(),
            limit,
        }
    }

    /// The cache of the user: `PROTEA_CACHE_DIR`, else `$XDG_CACHE_HOME/protea` or its like;
    /// `PROTEA_CACHE_LIMIT`, such as `100GiB`, else 32 GiB.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setting`] where there is no such directory, or the limit is no size.
    pub fn of_user() -> Result<Self, StoreError> {
        let limit = match env::var_os(LIMIT).filter(|text| !text.is_empty()) {
            None => DEFAULT_LIMIT,
            Some(text) => {
                text.to_str()
                    .and_then(quantity::size)
                    .ok_or_else(|| StoreError::Setting {
                        name: LIMIT.to_owned(),
                        reason: format!("{text:?} is no size; give one such as 500MiB or 100GiB"),
                    })?
            }
        };
        Ok(Self::new(user_directory()?, limit))
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.root
    }

    /// How many bytes it keeps unless more are in use.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
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

    /// Where a single object is fetched to, on its way elsewhere, and makes room for it. By its
    /// tag it is found again under a URI that is signed anew; without one, what is there of it is
    /// not taken up.
    pub(super) fn part(&self, from: &Url, stat: &Stat) -> Result<PathBuf, StoreError> {
        self.make()?;
        let which = match &stat.etag {
            Some(etag) => etag.clone(),
            None => stat.size.to_string(),
        };
        let name = content::digest_bytes(format!("{}\n{which}", redacted(from)).as_bytes());
        let lacking = stat.size.saturating_sub(self.part_bytes(&name));
        self.make_room(lacking, &BTreeSet::from([name.clone()]))?;
        Ok(self.parts().join(name))
    }

    /// Makes its directories; what is in them may be nobody else's business.
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
    let absolute = |name: &str| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    if let Some(given) = env::var_os(DIRECTORY).filter(|path| !path.is_empty()) {
        return std::path::absolute(&given).map_err(StoreError::read(Path::new(&given)));
    }
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        absolute("HOME").map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("protea"))
        .ok_or_else(|| StoreError::Setting {
            name: DIRECTORY.to_owned(),
            reason: "there is no HOME; set it to the directory that the cache goes to".to_owned(),
        })
}
