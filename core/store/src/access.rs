//! The public type [`Store`]: settings, staging and manifests.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use url::Url;

use super::{
    Cache, Lease, Staged, StoreError, StoreManifest,
    cache::Found,
    location::{is_local, local_path, redacted},
    manifest::{LARGEST, NAMES},
    meter::{Meter, Silent, TransferKind, TransferObserver},
    remote::{Remote, RemoteSettings},
};
use crate::quantity;

/// The variable with the timeout of a store that sends nothing.
const TIMEOUT: &str = "PROTEA_STORE_PATIENCE";
/// The default timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Datasets, models and exports by URI.
///
/// ```
/// use protea_store::{Store, locate};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let (model, copy) = (directory.path().join("model"), directory.path().join("copy"));
/// # std::fs::create_dir(&model).unwrap();
/// # std::fs::write(model.join("model.json"), "{}").unwrap();
/// let store = Store::from_env()?;
/// let copied = store.copy(&locate(model.to_str().unwrap())?, &locate(copy.to_str().unwrap())?)?;
/// assert_eq!(copied.files, 1);
/// assert!(store.verify(&locate(copy.to_str().unwrap())?)?.is_whole());
/// # Ok::<(), protea_store::StoreError>(())
/// ```
#[derive(Clone)]
pub struct Store {
    cache: Option<Cache>,
    timeout: Duration,
    settings: Arc<BTreeMap<String, String>>,
    pub(super) observer: Arc<dyn TransferObserver>,
}

impl Store {
    /// A store with the settings of the environment. Reads no files and makes no requests before
    /// they are needed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setting`] when `PROTEA_STORE_PATIENCE` is not a time.
    pub fn from_env() -> Result<Self, StoreError> {
        let timeout = match env::var(TIMEOUT) {
            Err(_) => DEFAULT_TIMEOUT,
            Ok(text) if text.is_empty() => DEFAULT_TIMEOUT,
            Ok(text) => quantity::time(&text).ok_or_else(|| StoreError::Setting {
                name: TIMEOUT.to_owned(),
                reason: format!("{text:?} is not a time; set one such as 30s or 5m"),
            })?,
        };
        Ok(Self {
            cache: None,
            timeout,
            settings: Arc::default(),
            observer: Arc::new(Silent),
        })
    }

    /// Uses this cache instead of the user's.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Sets the timeout for a store that sends nothing; two minutes unless set.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Overrides an environment variable of the store's own tools, such as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.settings).insert(name.into(), value.into());
        self
    }

    /// Sets the observer, which receives progress and can cancel.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn TransferObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// The cache for staging.
    ///
    /// # Errors
    ///
    /// As [`Cache::from_env`].
    pub fn cache(&self) -> Result<Cache, StoreError> {
        self.cache.clone().map_or_else(Cache::from_env, Ok)
    }

    /// Makes the directory or file at `uri` available on this machine and returns its path. A
    /// remote directory needs a [manifest](StoreManifest), and each file is checked against it; so does
    /// the directory of a remote file. Local content stays where it is and is not checked.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it is missing, incomplete or unreachable.
    pub fn stage(&self, uri: &Url) -> Result<Staged, StoreError> {
        if is_local(uri) {
            let path = local_path(uri)?;
            let lease = match self.cache() {
                Ok(cache) if path.starts_with(cache.directory()) => cache.hold(&path)?,
                _ => Lease::default(),
            };
            return Ok(Staged { path, lease });
        }
        let remote = self.remote(uri)?;
        if let Some(manifest) = find_manifest(&remote)? {
            return self.stage_tree(&remote, &manifest);
        }
        // A file in a directory with a manifest.
        let (directory, name) = parent(uri).ok_or_else(|| not_published(uri))?;
        let remote = self.remote(&directory)?;
        let manifest = find_manifest(&remote)?.ok_or_else(|| not_published(uri))?;
        let listed = manifest.files.iter().any(|file| file.path == name);
        if !listed && name != manifest.name {
            return Err(StoreError::NotFound { uri: redacted(uri) });
        }
        let staged = self.stage_tree(&remote, &manifest)?;
        Ok(Staged {
            path: staged.path.join(name),
            lease: staged.lease,
        })
    }

    /// Stages a remote directory. If the copy in the cache differs from the manifest, it is fetched
    /// again once.
    pub(super) fn stage_tree(
        &self,
        remote: &Remote,
        manifest: &StoreManifest,
    ) -> Result<Staged, StoreError> {
        let cache = self.cache()?;
        let display_uri = remote.display_uri("");
        for last in [false, true] {
            let staged = {
                let total = manifest.total();
                let meter = self.meter(TransferKind::Download, &display_uri, total);
                cache.tree(manifest, remote, &meter)?
            };
            let meter = self.meter(TransferKind::Check, &display_uri, manifest.total());
            let mut mismatch = None;
            for file in &manifest.files {
                meter.check()?;
                if let Err(error) = file.check(&staged.path) {
                    mismatch = Some(error);
                    break;
                }
                meter.add(file.bytes);
            }
            let Some(mismatch) = mismatch else {
                return Ok(staged);
            };
            let found = Found::at(&staged.path);
            drop(staged);
            if last || !cache.discard(manifest, &found, &meter)? {
                return Err(StoreError::CacheChanged {
                    uri: display_uri,
                    reason: protea_contracts::error::with_causes(&mismatch),
                });
            }
        }
        unreachable!("the second iteration returns")
    }

    /// Reads only the manifest of the directory at `uri`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotPublished`] when there is none.
    pub fn manifest(&self, uri: &Url) -> Result<StoreManifest, StoreError> {
        let found = if is_local(uri) {
            StoreManifest::find_local(&local_path(uri)?)?
        } else {
            find_manifest(&self.remote(uri)?)?
        };
        found.ok_or_else(|| not_published(uri))
    }

    /// The manifest called `name` of the remote directory at `uri`, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read or the manifest cannot be parsed.
    pub fn remote_manifest(
        &self,
        uri: &Url,
        name: &str,
    ) -> Result<Option<StoreManifest>, StoreError> {
        read_manifest(&self.remote(uri)?, name)
    }

    /// Stages the remote directory at `uri`, whose manifest was read already.
    ///
    /// # Errors
    ///
    /// As [`stage`](Self::stage).
    pub fn stage_as(&self, uri: &Url, manifest: &StoreManifest) -> Result<Staged, StoreError> {
        self.stage_tree(&self.remote(uri)?, manifest)
    }

    pub(super) fn remote(&self, uri: &Url) -> Result<Remote, StoreError> {
        let settings = RemoteSettings {
            timeout: self.timeout,
            settings: Arc::clone(&self.settings),
            observer: Arc::clone(&self.observer),
        };
        Remote::open(uri, &settings)
    }

    pub(super) fn meter<'m>(
        &'m self,
        kind: TransferKind,
        subject: &'m str,
        total: u64,
    ) -> Meter<'m> {
        Meter::begin(&*self.observer, kind, subject, total)
    }
}

/// The manifest of a remote directory, if it has one.
pub(super) fn find_manifest(remote: &Remote) -> Result<Option<StoreManifest>, StoreError> {
    let mut denied = None;
    for name in NAMES {
        match read_manifest(remote, name) {
            Ok(None) => {}
            // Without permission to list, S3 answers 403 for missing objects.
            Err(error @ StoreError::Denied { .. }) => denied = Some(error),
            found => return found,
        }
    }
    denied.map_or(Ok(None), Err)
}

fn read_manifest(remote: &Remote, name: &str) -> Result<Option<StoreManifest>, StoreError> {
    let bytes = remote.read(name, LARGEST)?;
    bytes
        .map(|bytes| StoreManifest::parse(&remote.display_uri(name), name, bytes))
        .transpose()
}

pub(super) fn not_published(uri: &Url) -> StoreError {
    StoreError::NotPublished { uri: redacted(uri) }
}

/// The parent directory of a URI, with the query, and the name in it.
pub(super) fn parent(uri: &Url) -> Option<(Url, String)> {
    let name = uri.path_segments()?.next_back()?;
    let name = percent_decoded(name)?;
    if name.is_empty() {
        return None;
    }
    let mut directory = uri.clone();
    directory.path_segments_mut().ok()?.pop();
    Some((directory, name))
}

fn percent_decoded(text: &str) -> Option<String> {
    // Uses the decoding of file URLs, for names that are UTF-8.
    let path = Url::parse(&format!("file:///{text}")).ok()?.to_file_path();
    let path: PathBuf = path.ok()?;
    Some(Path::new(path.file_name()?).to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "cloud"))]
    #[test]
    fn a_build_without_stores_elsewhere_says_how_to_get_them() {
        let store = Store::from_env().unwrap();
        let there = Url::parse("s3://u:secret@bucket/d").unwrap();
        let error = store.stage(&there).unwrap_err();
        assert!(matches!(error, StoreError::NoCloud { .. }), "{error}");
        assert!(error.to_string().contains("feature `cloud`"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_parent_is_found() {
        let uri = Url::parse("https://h/d/my%20model.json?sig=x").unwrap();
        let (directory, name) = parent(&uri).unwrap();
        assert_eq!(directory.as_str(), "https://h/d?sig=x");
        assert_eq!(name, "my model.json");
        assert_eq!(parent(&Url::parse("s3://b/d/").unwrap()), None);
    }
}
