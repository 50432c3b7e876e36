//! A remote object or prefix and its operations. Each operation blocks, on its own small runtime,
//! and ends soon after the observer cancels.

use std::{
    fs::File,
    io::{Seek, Write},
    path::Path as FilePath,
    sync::Arc,
    thread,
    time::Duration,
};

use object_store::{ObjectStore, ObjectStoreExt, list::PaginatedListStore, path::Path};
use protea_contracts::FileDigest;
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
    source::Source,
};
use crate::{
    StoreError,
    location::{child_uri, redacted, without_secrets},
    meter::{Meter, TransferObserver},
    object_info::{Content, Made, Stat},
    part::PartFile,
};

/// A remote object, or a prefix of objects.
pub(crate) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) read_only: bool,
    pub(super) timeout: Duration,
    pub(super) pages: Option<Arc<dyn PaginatedListStore>>,
    pub(super) base: Path,
    pub(super) uri: Url,
    pub(super) observer: Arc<dyn TransferObserver>,
    runtime: Arc<Runtime>,
}

impl Remote {
    pub(super) fn retries(&self) -> Retries {
        Retries::new(self.timeout, Arc::clone(&self.observer))
    }

    /// Configures the store of a URI. Makes no request yet.
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
            runtime: Arc::new(runtime.map_err(|error| StoreError::Failed {
                uri: redacted(uri),
                reason: format!("cannot start the network runtime: {error}"),
            })?),
        })
    }

    /// A prefix below this one, with the same connections.
    pub(crate) fn below(&self, name: &str) -> Result<Self, StoreError> {
        let (base, _) = self.at(name)?;
        Ok(Self {
            store: Arc::clone(&self.store),
            pages: self.pages.clone(),
            base,
            read_only: self.read_only,
            timeout: self.timeout,
            uri: child_uri(&self.uri, name),
            observer: Arc::clone(&self.observer),
            runtime: Arc::clone(&self.runtime),
        })
    }

    /// The URI of `name` relative to this prefix, or of the prefix if `name` is empty, without
    /// secrets.
    pub(crate) fn display_uri(&self, name: &str) -> String {
        match name {
            "" => self.uri.to_string(),
            name => child_uri(&self.uri, name).to_string(),
        }
    }

    /// Fails if the store is read-only.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        if self.read_only {
            Err(StoreError::ReadOnly {
                uri: self.display_uri(""),
            })
        } else {
            Ok(())
        }
    }

    /// The metadata of an object. `None` if it does not exist.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<Stat>, StoreError> {
        let (path, display_uri) = self.at(name)?;
        if path.as_ref().is_empty() {
            return Ok(None);
        }
        self.run(async { self.ask(&path, &display_uri).await })
    }

    /// Reads an object of at most `most` bytes. `None` if it does not exist.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let (path, display_uri) = self.at(name)?;
        self.run(async {
            let Some(stat) = self.ask(&path, &display_uri).await? else {
                return Ok(None);
            };
            if stat.size > most {
                return Err(StoreError::Failed {
                    uri: display_uri.clone(),
                    reason: format!("it has {} bytes, which is more than allowed", stat.size),
                });
            }
            let mut bytes = Vec::new();
            let retries = self.retries();
            let reading = self.reading(&path, &display_uri, &stat, &retries);
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

    /// Reads an object and returns its hash and size. Keeps nothing.
    pub(crate) fn hash(&self, name: &str, meter: &Meter<'_>) -> Result<Content, StoreError> {
        let (path, display_uri) = self.at(name)?;
        self.run(async {
            let stat = self.ask(&path, &display_uri).await?;
            let stat = stat.ok_or_else(|| StoreError::NotFound {
                uri: display_uri.clone(),
            })?;
            let mut hasher = Sha256::new();
            let mut hashed = 0;
            let retries = self.retries();
            let reading = self.reading(&path, &display_uri, &stat, &retries);
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
                sha256: <[u8; 32]>::from(hasher.finalize()).into(),
                bytes: hashed,
                etag: stat.etag.clone(),
            })
        })
    }

    /// Writes the content of a listed object to an empty file. Fails if size or SHA-256 differ.
    pub(crate) fn fetch(
        &self,
        name: &str,
        listed: &FileDigest,
        file: &mut File,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let (path, display_uri) = self.at(name)?;
        self.run(async {
            let corrupt = |reason: String| StoreError::Corrupt {
                uri: display_uri.clone(),
                reason,
            };
            let stat = self.ask(&path, &display_uri).await?;
            let stat = stat.ok_or_else(|| corrupt("it is listed but does not exist".to_owned()))?;
            if stat.size != listed.bytes {
                let (found, expected) = (stat.size, listed.bytes);
                return Err(corrupt(format!(
                    "it has {found} bytes, but {expected} are listed"
                )));
            }
            let mut hasher = Sha256::new();
            let mut written = 0;
            let retries = self.retries();
            let reading = self.reading(&path, &display_uri, &stat, &retries);
            let write = |at: u64, part: &[u8], file: &mut File| {
                if at == 0 {
                    file.rewind()?;
                    file.set_len(0)?;
                }
                file.write_all(part)
            };
            reading
                .in_order(|at, part| {
                    if at == 0 {
                        meter.take_back(written);
                        (hasher, written) = (Sha256::new(), 0);
                    }
                    write(at, part, file).map_err(StoreError::write(FilePath::new(name)))?;
                    hasher.update(part);
                    written += part.len() as u64;
                    meter.add(part.len() as u64);
                    Ok(())
                })
                .await?;
            let found = protea_contracts::Sha256::from(<[u8; 32]>::from(hasher.finalize()));
            if found == listed.sha256 {
                return Ok(());
            }
            meter.take_back(written);
            let expected = listed.sha256;
            Err(corrupt(format!(
                "its SHA-256 is {found}, but {expected} is listed"
            )))
        })
    }

    /// Downloads an object to a file, and resumes an incomplete one. `listed` is the expected
    /// content; only its size is checked here.
    pub(crate) fn download(
        &self,
        name: &str,
        listed: Option<&FileDigest>,
        file: &PartFile,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let (path, display_uri) = self.at(name)?;
        self.run(async {
            let stat = self.ask(&path, &display_uri).await?;
            let stat = stat.ok_or_else(|| StoreError::NotFound {
                uri: display_uri.clone(),
            })?;
            if let Some(listed) = listed
                && listed.bytes != stat.size
            {
                return Err(StoreError::Corrupt {
                    uri: display_uri.clone(),
                    reason: format!(
                        "it has {} bytes, but {} are listed",
                        stat.size, listed.bytes
                    ),
                });
            }
            meter.add(file.take_up(&stat, listed.is_some())?);
            let retries = self.retries();
            self.reading(&path, &display_uri, &stat, &retries)
                .fill(file, meter)
                .await
        })?;
        file.complete()
    }

    /// Creates an object from the file that is at `place`, unless it exists.
    pub(crate) fn upload(
        &self,
        name: &str,
        file: &File,
        place: &FilePath,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let (path, display_uri) = self.at(name)?;
        let source = Source { file, place };
        // Cancellation is checked where the uploaded parts can be removed.
        self.run_to_its_end(async { self.send(&path, &display_uri, &source, meter).await })
    }

    /// Creates an object from bytes, unless it exists.
    pub(crate) fn create(&self, name: &str, bytes: &[u8]) -> Result<Made, StoreError> {
        self.writable()?;
        let (path, display_uri) = self.at(name)?;
        let bytes = bytes.to_vec();
        self.run(async { self.put(&path, &display_uri, bytes.into()).await })
    }

    /// Removes an object.
    pub(crate) fn withdraw(&self, name: &str) -> Result<(), StoreError> {
        self.writable()?;
        let (path, display_uri) = self.at(name)?;
        // Not cancellable: an object that was created by mistake must not remain.
        self.run_to_its_end(async { self.delete(&path, &display_uri).await })
    }

    /// The metadata of an object. `None` if it does not exist.
    pub(super) async fn ask(
        &self,
        path: &Path,
        display_uri: &str,
    ) -> Result<Option<Stat>, StoreError> {
        let retries = self.retries();
        loop {
            let mut found = self.store.head(path).await;
            if self.read_only
                && found
                    .as_ref()
                    .is_err_and(|error| !matches!(Fault::from_error(error), Fault::Passing(_)))
            {
                // Some web servers do not answer HEAD, and some signatures do not cover it.
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
            match Fault::from_error(&error) {
                Fault::NotFound => return Ok(None),
                Fault::Passing(reason) => retries.wait(display_uri, reason).await?,
                fault => return Err(retries.give_up(fault, display_uri.to_owned())),
            }
        }
    }

    pub(super) fn reading<'r>(
        &'r self,
        path: &'r Path,
        display_uri: &'r str,
        stat: &'r Stat,
        retries: &'r Retries,
    ) -> Reading<'r> {
        Reading {
            store: &*self.store,
            path,
            display_uri,
            stat,
            retries,
        }
    }

    fn at(&self, name: &str) -> Result<(Path, String), StoreError> {
        let display_uri = self.display_uri(name);
        let base = self.base.as_ref();
        let path = match (base, name) {
            (_, "") => Ok(self.base.clone()),
            ("", name) => Path::parse(name),
            (base, name) => Path::parse(format!("{base}/{name}")),
        };
        match path {
            Ok(path) => Ok((path, display_uri)),
            Err(error) => Err(StoreError::Location {
                location: display_uri,
                reason: error.to_string(),
            }),
        }
    }

    /// Waits for `work` until the observer cancels.
    pub(super) fn run<T: Send>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let observer = &*self.observer;
        self.run_to_its_end(unless_cancelled(|| observer.is_cancelled(), work))
    }

    /// Runs on a new thread: the caller's thread may belong to a runtime, which must not be
    /// blocked.
    fn run_to_its_end<T: Send>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        thread::scope(|scope| {
            let waiting =
                thread::Builder::new().spawn_scoped(scope, || self.runtime.block_on(work));
            waiting
                .map_err(|error| StoreError::Failed {
                    uri: redacted(&self.uri),
                    reason: format!("cannot start a thread: {error}"),
                })?
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
