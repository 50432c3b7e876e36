//! The face of the store.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use url::Url;

use super::{
    Cache, Lease, Manifest, Staged, StoreError,
    cache::Found,
    location::{is_local, local_path, redacted},
    manifest::{LARGEST, NAMES},
    meter::{Meter, Silent, TransferKind, TransferObserver},
    remote::{Remote, RemoteSettings},
};
use crate::quantity;

/// How long a store that gives no answer is waited for.
const TIMEOUT: &str = "PROTEA_STORE_PATIENCE";
/// Unless that says otherwise.
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
/// let store = Store::of_user()?;
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
    /// The store as the environment of the user has it. Nothing is looked up or made before it is
    /// needed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setting`] when `PROTEA_STORE_PATIENCE` is no time.
    pub fn of_user() -> Result<Self, StoreError> {
        let timeout = match env::var(TIMEOUT) {
            Err(_) => DEFAULT_TIMEOUT,
            Ok(text) if text.is_empty() => DEFAULT_TIMEOUT,
            Ok(text) => quantity::time(&text).ok_or_else(|| StoreError::Setting {
                name: TIMEOUT.to_owned(),
                reason: format!("{text:?} is no time; give one such as 30s or 5m"),
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

    /// Gives a store up when it has given no answer and no byte for so long, instead of two minutes.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gives a variable of a store's own tools, such as `AWS_ENDPOINT_URL`, another value than the
    /// environment has.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.settings).insert(name.into(), value.into());
        self
    }

    /// Who is told of transfers, and may end them.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn TransferObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// The cache that things are staged through.
    ///
    /// # Errors
    ///
    /// As [`Cache::of_user`].
    pub fn cache(&self) -> Result<Cache, StoreError> {
        self.cache.clone().map_or_else(Cache::of_user, Ok)
    }

    /// Brings what lies at `uri` to this machine, and gives its path. A directory elsewhere needs a
    /// [manifest](Manifest), by which each of its files is checked; so does the directory of a
    /// file. What is on this machine already stays where it is, unchecked.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: that it is not there, not whole, or cannot be reached.
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
        // A file of a directory that has one.
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

    /// Brings a directory elsewhere to this machine. What is in the cache but not as it was listed
    /// is fetched once more.
    pub(super) fn stage_tree(
        &self,
        remote: &Remote,
        manifest: &Manifest,
    ) -> Result<Staged, StoreError> {
        let cache = self.cache()?;
        let shown = remote.shown("");
        for last in [false, true] {
            let staged = {
                let total = manifest.total();
                let meter = self.meter(TransferKind::Download, &shown, total);
                cache.tree(manifest, remote, &meter)?
            };
            let meter = self.meter(TransferKind::Check, &shown, manifest.total());
            let mut wrong = None;
            for file in &manifest.files {
                meter.check()?;
                if let Err(error) = file.check(&staged.path) {
                    wrong = Some(error);
                    break;
                }
                meter.add(file.bytes);
            }
            let Some(wrong) = wrong else {
                return Ok(staged);
            };
            let found = Found::at(&staged.path);
            drop(staged);
            if last || !cache.discard(manifest, &found, &meter)? {
                return Err(StoreError::CacheChanged {
                    uri: shown,
                    reason: protea_contracts::error::with_causes(&wrong),
                });
            }
        }
        unreachable!("the second round returns")
    }

    /// Reads the manifest of the directory at `uri`, and nothing else of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotPublished`] where there is none.
    pub fn manifest(&self, uri: &Url) -> Result<Manifest, StoreError> {
        let found = if is_local(uri) {
            Manifest::of(&local_path(uri)?)?
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
    pub fn remote_manifest(&self, uri: &Url, name: &str) -> Result<Option<Manifest>, StoreError> {
        read_manifest(&self.remote(uri)?, name)
    }

    /// Brings the remote directory at `uri`, whose manifest was read already, to this machine.
    ///
    /// # Errors
    ///
    /// As [`stage`](Self::stage).
    pub fn stage_as(&self, uri: &Url, manifest: &Manifest) -> Result<Staged, StoreError> {
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

    pub(super) fn meter<'m>(&'m self, kind: TransferKind, what: &'m str, total: u64) -> Meter<'m> {
        Meter::begin(&*self.observer, kind, what, total)
    }
}

/// The manifest of a directory elsewhere, if it has one.
pub(super) fn find_manifest(remote: &Remote) -> Result<Option<Manifest>, StoreError> {
    let mut denied = None;
    for name in NAMES {
        match read_manifest(remote, name) {
            Ok(None) => {}
            // Who may not list is told this of what is not there.
            Err(error @ StoreError::Denied { .. }) => denied = Some(error),
            found => return found,
        }
    }
    denied.map_or(Ok(None), Err)
}

fn read_manifest(remote: &Remote, name: &str) -> Result<Option<Manifest>, StoreError> {
    let bytes = remote.read(name, LARGEST)?;
    bytes
        .map(|bytes| Manifest::parse(&remote.shown(name), name, bytes))
        .transpose()
}

pub(super) fn not_published(uri: &Url) -> StoreError {
    StoreError::NotPublished { uri: redacted(uri) }
}

/// The directory that a URI lies in, with its query, and its name there.
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
    // A URL's own decoding is that of file names, where these are UTF-8.
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
        let store = Store::of_user().unwrap();
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
