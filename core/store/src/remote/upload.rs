//! From a file to an object: never over one that is there, large ones in parts.

use std::{fs::File, io::Read, path::Path as FilePath, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use object_store::{MultipartUpload, ObjectStoreExt, PutMode, PutOptions, PutPayload, path::Path};

use super::{
    cancel::unless_cancelled, download::PARALLEL, fault::Fault, object::Remote, retry::Retries,
};
use crate::{StoreError, meter::Meter, object_info::Made};

/// A larger file is sent in parts.
const LARGEST_WHOLE: u64 = 16 << 20;
/// The least size of a part, in bytes.
const PART: u64 = 8 << 20;
/// No store takes more parts.
const MOST_PARTS: u64 = 9_000;
/// How long the store is given to forget the parts of an upload that failed.
const ABORT: Duration = Duration::from_secs(5);
/// A store that lost the parts gets them again so many times.
const TRIES: usize = 3;

/// How an upload ended, other than well.
enum Broken {
    /// The parts that were sent are lost, or one did not arrive.
    Again(Fault),
    Error(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl Remote {
    /// Makes an object of bytes, unless there is one.
    pub(super) async fn put(
        &self,
        path: &Path,
        shown: &str,
        bytes: Bytes,
    ) -> Result<Made, StoreError> {
        let retries = Retries::new(self.timeout);
        loop {
            let options = PutOptions::from(PutMode::Create);
            let payload = PutPayload::from_bytes(bytes.clone());
            let error = match self.store.put_opts(path, payload, options).await {
                Ok(_) => return Ok(Made::Now),
                Err(error) => error,
            };
            match Fault::of(&error) {
                // An earlier try may have arrived although its answer did not; or the crate itself
                // has tried more than once.
                Fault::Exists | Fault::Changed => {
                    return if self.holds(path, shown, &bytes).await? {
                        Ok(Made::Before)
                    } else {
                        Err(StoreError::Published {
                            uri: shown.to_owned(),
                        })
                    };
                }
                Fault::Passing(reason) => retries.wait(shown, reason).await?,
                fault => return Err(retries.give_up(fault, shown.to_owned())),
            }
        }
    }

    /// Removes an object; one that is gone already is as good.
    pub(super) async fn delete(&self, path: &Path, shown: &str) -> Result<(), StoreError> {
        let retries = Retries::new(self.timeout);
        loop {
            let Err(error) = self.store.delete(path).await else {
                return Ok(());
            };
            match Fault::of(&error) {
                Fault::NotFound => return Ok(()),
                Fault::Passing(reason) => retries.wait(shown, reason).await?,
                fault => return Err(retries.give_up(fault, shown.to_owned())),
            }
        }
    }

    /// Whether an object has just these bytes.
    async fn holds(&self, path: &Path, shown: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let Some(stat) = self.ask(path, shown).await? else {
            return Ok(false);
        };
        if stat.size != bytes.len() as u64 {
            return Ok(false);
        }
        let mut same = true;
        let retries = Retries::new(self.timeout);
        let reading = self.reading(path, shown, &stat, &retries);
        reading
            .in_order(|at, part| {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                same &= bytes.get(at..at + part.len()) == Some(part);
                Ok(())
            })
            .await?;
        Ok(same)
    }

    /// Makes an object of a file, unless there is one.
    pub(super) async fn send(
        &self,
        path: &Path,
        shown: &str,
        file: &FilePath,
        meter: &Meter<'_>,
    ) -> Result<(), StoreError> {
        let size = file.metadata().map_err(StoreError::read(file))?.len();
        if size <= LARGEST_WHOLE {
            let bytes = std::fs::read(file).map_err(StoreError::read(file))?;
            let putting = self.put(path, shown, bytes.into());
            unless_cancelled(|| meter.is_cancelled(), putting).await?;
            meter.add(size);
            return Ok(());
        }
        let retries = Retries::new(self.timeout);
        // Each try begins at the beginning; only what goes beyond all before it is news.
        let mut furthest = 0;
        for number in 1.. {
            let sent = |bytes| {
                if bytes > furthest {
                    furthest = bytes;
                    retries.progress();
                }
            };
            match self
                .send_in_parts(path, shown, file, size, sent, meter)
                .await
            {
                Ok(()) => return Ok(()),
                // The try before came to its end, although its answer did not arrive. Whoever sends
                // reads back what is there.
                Err(Broken::Error(StoreError::Published { .. })) if number > 1 => return Ok(()),
                Err(Broken::Error(error)) => return Err(error),
                Err(Broken::Again(Fault::NotFound)) if number < TRIES => {}
                Err(Broken::Again(Fault::NotFound)) => break,
                Err(Broken::Again(Fault::Passing(reason))) => {
                    let waiting = retries.wait(shown, reason);
                    unless_cancelled(|| meter.is_cancelled(), waiting).await?;
                }
                Err(Broken::Again(fault)) => return Err(retries.give_up(fault, shown.to_owned())),
            }
        }
        Err(StoreError::Failed {
            uri: shown.to_owned(),
            reason: "it loses the parts of an upload".to_owned(),
        })
    }

    async fn send_in_parts(
        &self,
        path: &Path,
        shown: &str,
        file: &FilePath,
        size: u64,
        mut come_to: impl FnMut(u64),
        meter: &Meter<'_>,
    ) -> Result<(), Broken> {
        // Until here there is nothing to be taken back.
        let beginning = async {
            self.nothing_at(path, shown).await?;
            let upload = self.store.put_multipart(path).await;
            upload.map_err(|error| Broken::Again(Fault::of(&error)))
        };
        let mut upload = unless_cancelled(|| meter.is_cancelled(), beginning).await?;
        let mut sent = 0;
        let sending = self.parts(&mut *upload, path, shown, file, size, |bytes| {
            sent += bytes;
            meter.add(bytes);
            come_to(sent);
        });
        let outcome = unless_cancelled(|| meter.is_cancelled(), sending).await;
        if outcome.is_err() {
            meter.take_back(sent);
            // Where the store cannot be asked, its own rules for unfinished uploads remain.
            let _ = tokio::time::timeout(ABORT, upload.abort()).await;
        }
        outcome
    }

    async fn parts(
        &self,
        upload: &mut dyn MultipartUpload,
        path: &Path,
        shown: &str,
        file: &FilePath,
        size: u64,
        mut arrived: impl FnMut(u64),
    ) -> Result<(), Broken> {
        let part = size.div_ceil(MOST_PARTS).div_ceil(1 << 20) << 20;
        let part = usize::try_from(part.max(PART)).unwrap_or(usize::MAX);
        let mut source = File::open(file).map_err(StoreError::read(file))?;
        let mut left = size;
        let mut under_way = FuturesUnordered::new();
        loop {
            while left > 0 && under_way.len() < PARALLEL {
                let length = part.min(usize::try_from(left).unwrap_or(usize::MAX));
                let mut bytes = vec![0; length];
                source
                    .read_exact(&mut bytes)
                    .map_err(StoreError::read(file))?;
                left -= length as u64;
                let sending = upload.put_part(bytes.into());
                under_way.push(async move { sending.await.map(|()| length as u64) });
            }
            match under_way.next().await {
                Some(Ok(bytes)) => arrived(bytes),
                Some(Err(error)) => return Err(Broken::Again(Fault::of(&error))),
                None => break,
            }
        }
        // Completing would replace what somebody else published meanwhile.
        self.nothing_at(path, shown).await?;
        let Err(error) = upload.complete().await else {
            return Ok(());
        };
        // It may be complete although its answer did not arrive; a second try is refused then.
        let there = self.ask(path, shown).await?;
        if there.is_some_and(|stat| stat.size == size) {
            Ok(())
        } else {
            Err(Broken::Again(Fault::of(&error)))
        }
    }

    async fn nothing_at(&self, path: &Path, shown: &str) -> Result<(), StoreError> {
        match self.ask(path, shown).await? {
            None => Ok(()),
            Some(_) => Err(StoreError::Published {
                uri: shown.to_owned(),
            }),
        }
    }
}
