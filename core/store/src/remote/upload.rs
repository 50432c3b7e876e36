//! Uploads a file to an object. Never overwrites an object; uploads large files in parts.

use std::{io::Read, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use object_store::{MultipartUpload, ObjectStoreExt, PutMode, PutOptions, PutPayload, path::Path};

use super::{
    cancel::unless_cancelled, download::PARALLEL, fault::Fault, object::Remote, source::Source,
};
use crate::{StoreError, meter::Meter, object_info::Made};

/// Larger files are uploaded in parts.
const LARGEST_WHOLE: u64 = 16 << 20;
/// The least size of a part, in bytes.
const PART: u64 = 8 << 20;
/// The largest number of parts that all stores accept.
const MOST_PARTS: u64 = 9_000;
/// The timeout for removing the parts of a failed upload.
const ABORT: Duration = Duration::from_secs(5);
/// How often the parts are uploaded again after the store lost them.
const TRIES: usize = 3;

/// Why an upload failed.
enum Broken {
    /// The store lost parts, or a part did not arrive.
    Again(Fault),
    Error(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl Remote {
    /// Creates an object from bytes, unless it exists.
    pub(super) async fn put(
        &self,
        path: &Path,
        display_uri: &str,
        bytes: Bytes,
    ) -> Result<Made, StoreError> {
        let retries = self.retries();
        loop {
            let options = PutOptions::from(PutMode::Create);
            let payload = PutPayload::from_bytes(bytes.clone());
            let error = match self.store.put_opts(path, payload, options).await {
                Ok(_) => return Ok(Made::Now),
                Err(error) => error,
            };
            match Fault::from_error(&error) {
                // An earlier try may have arrived although its answer did not; or the crate itself
                // has tried more than once.
                Fault::Exists | Fault::Changed => {
                    return if self.holds(path, display_uri, &bytes).await? {
                        Ok(Made::Before)
                    } else {
                        Err(StoreError::Published {
                            uri: display_uri.to_owned(),
                        })
                    };
                }
                Fault::Passing(reason) => retries.wait(display_uri, reason).await?,
                fault => return Err(retries.give_up(fault, display_uri.to_owned())),
            }
        }
    }

    /// Removes an object. A missing object is not an error.
    pub(super) async fn delete(&self, path: &Path, display_uri: &str) -> Result<(), StoreError> {
        let retries = self.retries();
        loop {
            let Err(error) = self.store.delete(path).await else {
                return Ok(());
            };
            match Fault::from_error(&error) {
                Fault::NotFound => return Ok(()),
                Fault::Passing(reason) => retries.wait(display_uri, reason).await?,
                fault => return Err(retries.give_up(fault, display_uri.to_owned())),
            }
        }
    }

    /// Whether an object has exactly these bytes.
    async fn holds(
        &self,
        path: &Path,
        display_uri: &str,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let Some(stat) = self.ask(path, display_uri).await? else {
            return Ok(false);
        };
        if stat.size != bytes.len() as u64 {
            return Ok(false);
        }
        let mut same = true;
        let retries = self.retries();
        let reading = self.reading(path, display_uri, &stat, &retries);
        reading
            .in_order(|at, part| {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                same &= bytes.get(at..at + part.len()) == Some(part);
                Ok(())
            })
            .await?;
        Ok(same)
    }

    /// Creates an object from a file, unless it exists.
    pub(super) async fn send(
        &self,
        path: &Path,
        display_uri: &str,
        source: &Source<'_>,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let size = source.size()?;
        if size <= LARGEST_WHOLE {
            let bytes = source.read(size)?;
            let putting = self.put(path, display_uri, bytes.into());
            unless_cancelled(|| meter.is_cancelled(), putting).await?;
            meter.add(size);
            return Ok(());
        }
        let retries = self.retries();
        // Each attempt starts at the beginning; only bytes beyond all earlier attempts are
        // progress.
        let mut furthest = 0;
        for number in 1.. {
            let sent = |bytes| {
                if bytes > furthest {
                    furthest = bytes;
                    retries.progress();
                }
            };
            match self
                .send_in_parts(path, display_uri, source, size, sent, meter)
                .await
            {
                Ok(()) => return Ok(()),
                // The attempt before succeeded although its response was lost. The caller reads the
                // object back.
                Err(Broken::Error(StoreError::Published { .. })) if number > 1 => return Ok(()),
                Err(Broken::Error(error)) => return Err(error),
                Err(Broken::Again(Fault::NotFound)) if number < TRIES => {}
                Err(Broken::Again(Fault::NotFound)) => break,
                Err(Broken::Again(Fault::Passing(reason))) => {
                    let waiting = retries.wait(display_uri, reason);
                    unless_cancelled(|| meter.is_cancelled(), waiting).await?;
                }
                Err(Broken::Again(fault)) => {
                    return Err(retries.give_up(fault, display_uri.to_owned()));
                }
            }
        }
        Err(StoreError::Failed {
            uri: display_uri.to_owned(),
            reason: "the store loses the parts of an upload".to_owned(),
        })
    }

    async fn send_in_parts(
        &self,
        path: &Path,
        display_uri: &str,
        source: &Source<'_>,
        size: u64,
        mut come_to: impl FnMut(u64),
        meter: &Meter<'_>,
    ) -> Result<(), Broken> {
        // Before this point, there is nothing to remove.
        let beginning = async {
            self.nothing_at(path, display_uri).await?;
            let upload = self.store.put_multipart(path).await;
            upload.map_err(|error| Broken::Again(Fault::from_error(&error)))
        };
        let mut upload = unless_cancelled(|| meter.is_cancelled(), beginning).await?;
        let mut sent = 0;
        let sending = self.parts(&mut *upload, path, display_uri, source, size, |bytes| {
            sent += bytes;
            meter.add(bytes);
            come_to(sent);
        });
        let outcome = unless_cancelled(|| meter.is_cancelled(), sending).await;
        if outcome.is_err() {
            meter.take_back(sent);
            // If the store cannot be reached, its own rules for unfinished uploads apply.
            let _ = tokio::time::timeout(ABORT, upload.abort()).await;
        }
        outcome
    }

    async fn parts(
        &self,
        upload: &mut dyn MultipartUpload,
        path: &Path,
        display_uri: &str,
        source: &Source<'_>,
        size: u64,
        mut arrived: impl FnMut(u64),
    ) -> Result<(), Broken> {
        let part = size.div_ceil(MOST_PARTS).div_ceil(1 << 20) << 20;
        let part = usize::try_from(part.max(PART)).unwrap_or(usize::MAX);
        let mut file = source.rewound()?;
        let mut remaining = size;
        let mut under_way = FuturesUnordered::new();
        loop {
            while remaining > 0 && under_way.len() < PARALLEL {
                let length = part.min(usize::try_from(remaining).unwrap_or(usize::MAX));
                let mut bytes = vec![0; length];
                file.read_exact(&mut bytes)
                    .map_err(StoreError::read(source.place))?;
                remaining -= length as u64;
                let sending = upload.put_part(bytes.into());
                under_way.push(async move { sending.await.map(|()| length as u64) });
            }
            match under_way.next().await {
                Some(Ok(bytes)) => arrived(bytes),
                Some(Err(error)) => return Err(Broken::Again(Fault::from_error(&error))),
                None => break,
            }
        }
        // Completing would overwrite an object that another process has published in the meantime.
        self.nothing_at(path, display_uri).await?;
        let Err(error) = upload.complete().await else {
            return Ok(());
        };
        // The upload may be complete although the response was lost. A second attempt fails then.
        let there = self.ask(path, display_uri).await?;
        if there.is_some_and(|stat| stat.size == size) {
            Ok(())
        } else {
            Err(Broken::Again(Fault::from_error(&error)))
        }
    }

    async fn nothing_at(&self, path: &Path, display_uri: &str) -> Result<(), StoreError> {
        match self.ask(path, display_uri).await? {
            None => Ok(()),
            Some(_) => Err(StoreError::Published {
                uri: display_uri.to_owned(),
            }),
        }
    }
}
