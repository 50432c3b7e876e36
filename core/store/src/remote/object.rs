//! A place elsewhere, and the calls that it answers. Each blocks, on a small runtime of its own, and
//! ends soon after the observer asks for it.

use std::{path::Path as FilePath, sync::Arc, thread, time::Duration};

use futures_util::TryStreamExt;
use object_store::{
    ListResult, ObjectMeta, ObjectStore,
    list::{PaginatedListOptions, PaginatedListStore},
    path::Path,
};
use protea_contracts::{FileDigest, content::hex};
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::{
    Content, Made, Manner, Stat,
    connect::{Connected, connect},
    download::{Patience, Reading},
    fault::Fault,
};
use crate::{
    StoreError,
    listing::{Listed, Listing},
    location::{below, redacted, without_secrets},
    meter::{Meter, TransferObserver},
    part::PartFile,
};

/// How often it is looked whether the user asked for the end.
const LOOK: Duration = Duration::from_millis(50);

/// No store gives more of a listing at once.
const PAGE: usize = 1000;

/// A place elsewhere: an object, or what objects lie below.
pub(crate) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) read_only: bool,
    pub(super) patience: Duration,
    pages: Option<Arc<dyn PaginatedListStore>>,
    base: Path,
    uri: Url,
    observer: Arc<dyn TransferObserver>,
    runtime: Runtime,
}

impl Remote {
    /// Connects to the store of a URI. No request is made yet.
    pub(crate) fn open(uri: &Url, manner: &Manner) -> Result<Self, StoreError> {
        let Connected {
            store,
            pages,
            base,
            read_only,
        } = connect(uri, manner)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            store,
            pages,
            base,
            read_only,
            patience: manner.patience,
            uri: without_secrets(uri),
            observer: Arc::clone(&manner.observer),
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
        match self.read_only {
            true => Err(StoreError::ReadOnly {
                uri: self.shown(""),
            }),
            false => Ok(()),
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
            let patience = Patience::new(self.patience);
            let reading = self.reading(&path, &shown, &stat, &patience);
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

    /// What lies directly below the place, or with all below it: the first so many.
    pub(crate) fn list(&self, recursive: bool, most: usize) -> Result<Listing, StoreError> {
        if self.read_only {
            return Err(StoreError::Unlistable {
                uri: self.shown(""),
            });
        }
        let prefix = Some(&self.base).filter(|base| !base.as_ref().is_empty());
        self.run(async {
            let patience = Patience::new(self.patience);
            loop {
                let found = match recursive {
                    true => self.all(prefix, most).await,
                    false => self.level(prefix, most).await,
                };
                let error = match found {
                    Ok(listing) => return Ok(listing),
                    Err(error) => error,
                };
                match Fault::of(&error) {
                    Fault::Passing(reason) => patience.wait(&self.shown(""), reason).await?,
                    fault => return Err(patience.end(fault, self.shown(""))),
                }
            }
        })
    }

    async fn all(&self, prefix: Option<&Path>, most: usize) -> object_store::Result<Listing> {
        let mut listing = Listing::default();
        let mut objects = self.store.list(prefix);
        while let Some(object) = objects.try_next().await? {
            if listing.entries.len() == most {
                listing.more = true;
                break;
            }
            listing.entries.push(self.listed(&object));
        }
        Ok(listing)
    }

    async fn level(&self, prefix: Option<&Path>, most: usize) -> object_store::Result<Listing> {
        let mut entries = Vec::new();
        let Some(pages) = &self.pages else {
            self.take_page(self.store.list_with_delimiter(prefix).await?, &mut entries);
            return Ok(first(entries, most));
        };
        let prefix = prefix.map(|prefix| format!("{prefix}/"));
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                delimiter: Some("/".into()),
                max_keys: Some(most.saturating_add(1).min(PAGE)),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = pages.list_paginated(prefix.as_deref(), options).await?;
            self.take_page(page.result, &mut entries);
            page_token = page.page_token;
            // Pages come in the order of names.
            if page_token.is_none() || entries.len() > most {
                return Ok(first(entries, most));
            }
        }
    }

    fn take_page(&self, page: ListResult, entries: &mut Vec<Listed>) {
        let directories = page.common_prefixes.iter().map(|path| Listed {
            name: format!("{}/", self.relative(path)),
            bytes: None,
            modified: None,
        });
        let objects = page.objects.iter().map(|object| self.listed(object));
        entries.extend(directories.chain(objects));
    }

    fn listed(&self, object: &ObjectMeta) -> Listed {
        Listed {
            name: self.relative(&object.location),
            bytes: Some(object.size),
            modified: jiff::Timestamp::from_second(object.last_modified.timestamp()).ok(),
        }
    }

    fn relative(&self, path: &Path) -> String {
        let below = path.prefix_match(&self.base);
        let parts = below.map(|parts| parts.map(|part| part.as_ref().to_owned()).collect());
        parts.map_or_else(|| path.to_string(), |parts: Vec<_>| parts.join("/"))
    }

    /// Reads an object and gives what its content is; nothing is kept of it.
    pub(crate) fn hash(&self, name: &str, meter: &Meter<'_>) -> Result<Content, StoreError> {
        let (path, shown) = self.at(name)?;
        self.run(async {
            let stat = self.ask(&path, &shown).await?;
            let stat = stat.ok_or_else(|| StoreError::NotFound { uri: shown.clone() })?;
            let mut hasher = Sha256::new();
            let mut hashed = 0;
            let patience = Patience::new(self.patience);
            let reading = self.reading(&path, &shown, &stat, &patience);
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
            let patience = Patience::new(self.patience);
            self.reading(&path, &shown, &stat, &patience)
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

    pub(super) fn reading<'r>(
        &'r self,
        path: &'r Path,
        shown: &'r str,
        stat: &'r Stat,
        patience: &'r Patience,
    ) -> Reading<'r> {
        Reading {
            store: &*self.store,
            path,
            shown,
            stat,
            patience,
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
    fn run<T: Send>(
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

/// The first so many entries by name.
fn first(mut entries: Vec<Listed>, most: usize) -> Listing {
    let more = entries.len() > most;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.truncate(most);
    Listing { entries, more }
}

async fn asked_to_end(is_asked: impl Fn() -> bool) {
    while !is_asked() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for `work`, until the user asks for the end.
pub(super) async fn unless_cancelled<T, E: From<StoreError>>(
    is_cancelled: impl Fn() -> bool,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = work => result,
        () = asked_to_end(is_cancelled) => Err(StoreError::Cancelled.into()),
    }
}
