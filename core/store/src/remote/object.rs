//! A place elsewhere, and the calls that it answers. Each blocks, on a small runtime of its own, and
//! ends soon after the observer asks for it.

use std::{path::Path as FilePath, sync::Arc, thread, time::Duration};

use object_store::{ObjectStore, ObjectStoreExt, list::PaginatedListStore, path::Path};
use protea_contracts::{FileDigest, content::hex};
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::{
    cancel::unless_cancelled,
    connect::{Connected, connect},
    download::Reading,
    fault::Fault,
    retry::Retries,
    settings::RemoteSettings,
};
use crate::{
    StoreError,
    location::{below, redacted, without_secrets},
    meter::{Meter, TransferObserver},
    object_info::{Content, Made, Stat},
    part::PartFile,
};

/// A place elsewhere: an object, or what objects lie below.
pub(crate) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) read_only: bool,
    pub(super) timeout: Duration,
    pub(super) pages: Option<Arc<dyn PaginatedListStore>>,
    pub(super) base: Path,
    pub(super) uri: Url,
    observer: Arc<dyn TransferObserver>,
    runtime: Runtime,
}

impl Remote {
    /// Connects to the store of a URI. No request is made yet.
    pub(crate) fn open(uri: &Url, settings: &RemoteSettings) -> Result<Self, StoreError> {
        let Connected {
            store,
            pages,
            base,
            read_only,
        } = connect(uri, settings)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            store,
            pages,
            base,
            read_only,
            timeout: settings.timeout,
            uri: without_secrets(uri),
            observer: Arc::clone(&settings.observer),
            runtime: runtime.map_err(|error| StoreError::Failed {
                uri: redacted(uri),
                reason: format!("no runtime to speak to it: {error}"),
            })?,
        })
    }

    /// The URI of what has this name below the place, or of the place itself, as it may be shown.
    pub(crate) fn shown(&self, name: &str) -> String {
        match name {
            "" => self.uri.to_string(),
            name => below(&self.uri, name).to_string(),
        }
    }

    /// Fails where nothing can be written.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        if self.read_only {
            Err(StoreError::ReadOnly {
                uri: self.shown(""),
            })
        } else {
            Ok(())
        }
    }

    /// What the store says of an object, or nothing where there is none.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<Stat>, StoreError> {
        let (path, shown) = self.at(name)?;
        if path.as_ref().is_empty() {
            return Ok(None);
        }
        self.run(async { self.ask(&path, &shown).await })
    }

    /// Reads an object of no more than so many bytes, or nothing where there is none.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let (path, shown) = self.at(name)?;
        self.run(async {
            let Some(stat) = self.ask(&path, &shown).await? else {
                return Ok(None);
            };
            if stat.size > most {
                return Err(StoreError::Failed {
                    uri: shown.clone(),
                    reason: format!("{} bytes are more than are read of it", stat.size),
                });
            }
            let mut bytes = Vec::new();
            let retries = Retries::new(self.timeout);
            let reading = self.reading(&path, &shown, &stat, &retries);
            reading
                .in_order(|at, part| {
                    bytes.truncate(usize::try_from(at).unwrap_or(usize::MAX));
                    bytes.extend_from_slice(part);
                    Ok(())
                })
                .await?;
            Ok(Some(bytes))
        })
    }

    /// Reads an object and gives what its content is; nothing is kept of it.
    pub(crate) fn hash(&self, name: &str, meter: &Meter<'_>) -> Result<Content, StoreError> {
        let (path, shown) = self.at(name)?;
        self.run(async {
            let stat = self.ask(&path, &shown).await?;
            let stat = stat.ok_or_else(|| StoreError::NotFound { uri: shown.clone() })?;
            let mut hasher = Sha256::new();
            let mut hashed = 0;
            let retries = Retries::new(self.timeout);
            let reading = self.reading(&path, &shown, &stat, &retries);
            reading
                .in_order(|at, part| {
                    if at == 0 {
                        meter.take_back(hashed);
                        (hasher, hashed) = (Sha256::new(), 0);
                    }
                    hasher.update(part);
                    hashed += part.len() as u64;
                    meter.add(part.len() as u64);
                    Ok(())
                })
                .await?;
            Ok(Content {
                sha256: hex(&hasher.finalize()),
                bytes: hashed,
                etag: stat.etag.clone(),
            })
        })
    }

    /// Fetches an object to a file, taking up what is there of it. `listed` is what the
    /// content must be; only its size is checked here.
    pub(crate) fn download(
        &self,
        name: &str,
        listed: Option<&FileDigest>,
        file: &PartFile,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let (path, shown) = self.at(name)?;
        self.run(async {
            let stat = self.ask(&path, &shown).await?;
            let stat = stat.ok_or_else(|| StoreError::NotFound { uri: shown.clone() })?;
            if let Some(listed) = listed
                && listed.bytes != stat.size
            {
                return Err(StoreError::Corrupt {
                    uri: shown.clone(),
                    reason: format!(
                        "it has {} bytes where {} are listed",
                        stat.size, listed.bytes
                    ),
                });
            }
            meter.add(file.take_up(&stat, listed.is_some())?);
            let retries = Retries::new(self.timeout);
            self.reading(&path, &shown, &stat, &retries)
                .fill(file, meter)
                .await
        })?;
        file.complete()
    }

    /// Makes an object of a file, unless there is one.
    pub(crate) fn upload(
        &self,
        name: &str,
        file: &FilePath,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let (path, shown) = self.at(name)?;
        // Its end is looked for where the parts that were sent can be taken back.
        self.run_to_its_end(async { self.send(&path, &shown, file, meter).await })
    }

    /// Makes an object of bytes, unless there is one.
    pub(crate) fn create(&self, name: &str, bytes: &[u8]) -> Result<Made, StoreError> {
        self.writable()?;
        let (path, shown) = self.at(name)?;
        let bytes = bytes.to_vec();
        self.run(async { self.put(&path, &shown, bytes.into()).await })
    }

    /// Removes an object.
    pub(crate) fn withdraw(&self, name: &str) -> Result<(), StoreError> {
        self.writable()?;
        let (path, shown) = self.at(name)?;
        // To its end: what was made by mistake must not stay because somebody is in a hurry.
        self.run_to_its_end(async { self.delete(&path, &shown).await })
    }

    /// What the store says of an object, or nothing where there is none.
    pub(super) async fn ask(&self, path: &Path, shown: &str) -> Result<Option<Stat>, StoreError> {
        let retries = Retries::new(self.timeout);
        loop {
            let mut found = self.store.head(path).await;
            if self.read_only
                && found
                    .as_ref()
                    .is_err_and(|error| !matches!(Fault::of(error), Fault::Passing(_)))
            {
                // Not every web server answers HEAD, and not every signature is for it.
                found = self.store.get(path).await.map(|answer| answer.meta);
            }
            let error = match found {
                Ok(meta) => {
                    return Ok(Some(Stat {
                        size: meta.size,
                        etag: meta.e_tag,
                    }));
                }
                Err(error) => error,
            };
            match Fault::of(&error) {
                Fault::NotFound => return Ok(None),
                Fault::Passing(reason) => retries.wait(shown, reason).await?,
                fault => return Err(retries.give_up(fault, shown.to_owned())),
            }
        }
    }

    pub(super) fn reading<'r>(
        &'r self,
        path: &'r Path,
        shown: &'r str,
        stat: &'r Stat,
        retries: &'r Retries,
    ) -> Reading<'r> {
        Reading {
            store: &*self.store,
            path,
            shown,
            stat,
            retries,
        }
    }

    fn at(&self, name: &str) -> Result<(Path, String), StoreError> {
        let shown = self.shown(name);
        let base = self.base.as_ref();
        let path = match (base, name) {
            (_, "") => Ok(self.base.clone()),
            ("", name) => Path::parse(name),
            (base, name) => Path::parse(format!("{base}/{name}")),
        };
        match path {
            Ok(path) => Ok((path, shown)),
            Err(error) => Err(StoreError::Location {
                location: shown,
                reason: error.to_string(),
            }),
        }
    }

    /// Waits for `work`, until the observer asks for the end.
    pub(super) fn run<T: Send>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let observer = &*self.observer;
        self.run_to_its_end(unless_cancelled(|| observer.is_cancelled(), work))
    }

    /// On a thread of its own: the caller's may belong to a runtime, which cannot be blocked.
    fn run_to_its_end<T: Send>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| self.runtime.block_on(work));
            waiting
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
