//! Downloads an object to a file, in several ranges at the same time, and resumes.

use std::ops::Range;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, GetResult, ObjectStore, path::Path};

use super::{fault::Fault, retry::Retries};
use crate::{StoreError, meter::Meter, object_info::Stat, part::PartFile};

/// How many ranges are fetched at the same time.
pub(super) const PARALLEL: usize = 4;
/// One object to read.
pub(super) struct Reading<'r> {
    pub(super) store: &'r dyn ObjectStore,
    pub(super) path: &'r Path,
    pub(super) display_uri: &'r str,
    pub(super) stat: &'r Stat,
    pub(super) retries: &'r Retries,
}

/// Why reading a range stopped.
enum Broken {
    /// The server does not support ranges.
    NoRanges,
    Error(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl Reading<'_> {
    /// Fetches the missing parts of the file.
    pub(super) async fn fill(&self, part: &PartFile, meter: &Meter<'_>) -> Result<(), StoreError> {
        let ranges = stream::iter(part.missing());
        let fetched = ranges
            .map(|range| async move {
                let take = |at: u64, bytes: &[u8]| {
                    part.write(at, bytes)?;
                    meter.add(bytes.len() as u64);
                    Ok(())
                };
                self.range(range.clone(), take).await?;
                Ok(part.finish(&range)?)
            })
            .buffer_unordered(PARALLEL)
            .try_collect::<()>()
            .await;
        match fetched {
            Ok(()) => Ok(()),
            Err(Broken::Error(error)) => Err(error),
            Err(Broken::NoRanges) => {
                part.start_over(self.stat)?;
                let mut written = 0;
                self.whole(|at, bytes| {
                    part.write(at, bytes)?;
                    let end = at + bytes.len() as u64;
                    // These bytes were counted already.
                    meter.add(end.saturating_sub(written.max(at)));
                    written = written.max(end);
                    Ok(())
                })
                .await?;
                for range in part.missing() {
                    part.finish(&range)?;
                }
                Ok(())
            }
        }
    }

    /// Passes the whole content in order to `take`, with its offset. Starts again from the
    /// beginning if the server does not support ranges.
    pub(super) async fn in_order(
        &self,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.stat.size == 0 {
            return Ok(());
        }
        match self.range(0..self.stat.size, &mut take).await {
            Ok(()) => Ok(()),
            Err(Broken::Error(error)) => Err(error),
            Err(Broken::NoRanges) => self.whole(take).await,
        }
    }

    /// Reads a range to its end, with as many connections as needed.
    async fn range(
        &self,
        range: Range<u64>,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), Broken> {
        let mut at = range.start;
        while at < range.end {
            let options = GetOptions {
                range: Some(GetRange::Bounded(at..range.end)),
                if_match: self.strong_etag(),
                ..GetOptions::default()
            };
            let answer = match self.store.get_opts(self.path, options).await {
                Ok(answer) => answer,
                Err(error) => match Fault::from_error(&error) {
                    Fault::NoRanges => return Err(Broken::NoRanges),
                    Fault::Passing(reason) => {
                        self.retries.wait(self.display_uri, reason).await?;
                        continue;
                    }
                    fault => {
                        return Err(self
                            .retries
                            .give_up(fault, self.display_uri.to_owned())
                            .into());
                    }
                },
            };
            self.check_same(&answer)?;
            let mut furthest = at;
            let read = self.read(answer, &mut at, &mut furthest, range.end, &mut take);
            if let Err(reason) = read.await? {
                self.retries.wait(self.display_uri, reason).await?;
            }
        }
        Ok(())
    }

    /// Reads an object from a server without ranges. Each attempt starts at the beginning, and only
    /// bytes beyond all earlier attempts count as progress.
    async fn whole(
        &self,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut furthest = 0;
        loop {
            let options = GetOptions {
                if_match: self.strong_etag(),
                ..GetOptions::default()
            };
            let answer = match self.store.get_opts(self.path, options).await {
                Ok(answer) => answer,
                Err(error) => match Fault::from_error(&error) {
                    Fault::Passing(reason) => {
                        self.retries.wait(self.display_uri, reason).await?;
                        continue;
                    }
                    fault => return Err(self.retries.give_up(fault, self.display_uri.to_owned())),
                },
            };
            self.check_same(&answer)?;
            let (mut at, end) = (0, self.stat.size);
            let read = self.read(answer, &mut at, &mut furthest, end, &mut take);
            match read.await? {
                Ok(()) => return Ok(()),
                Err(reason) => self.retries.wait(self.display_uri, reason).await?,
            }
        }
    }

    /// Reads one response. The inner error is a reason to retry. Only bytes beyond `furthest` count
    /// as progress.
    async fn read(
        &self,
        answer: GetResult,
        at: &mut u64,
        furthest: &mut u64,
        end: u64,
        take: &mut impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<Result<(), String>, StoreError> {
        let mut body = answer.into_stream();
        while *at < end {
            match body.next().await {
                Some(Ok(bytes)) => {
                    let room = usize::try_from(end - *at).unwrap_or(usize::MAX);
                    if bytes.len() > room {
                        return Err(StoreError::Failed {
                            uri: self.display_uri.to_owned(),
                            reason: "the server sends more than it announced".to_owned(),
                        });
                    }
                    take(*at, &bytes)?;
                    *at += bytes.len() as u64;
                    if *at > *furthest {
                        *furthest = *at;
                        self.retries.progress();
                    }
                }
                Some(Err(error)) => {
                    return match Fault::from_error(&error) {
                        Fault::Passing(reason) | Fault::Final(reason) => Ok(Err(reason)),
                        fault => Err(fault.into_error(self.display_uri.to_owned())),
                    };
                }
                None => return Ok(Err("the response ended early".to_owned())),
            }
        }
        Ok(Ok(()))
    }

    /// A server may ignore `If-Match`, so sizes and ETags of the response are compared too.
    fn check_same(&self, answer: &GetResult) -> Result<(), StoreError> {
        let same_tag = self.stat.etag.is_none() || answer.meta.e_tag == self.stat.etag;
        if same_tag && answer.meta.size == self.stat.size {
            return Ok(());
        }
        Err(StoreError::Changed {
            uri: self.display_uri.to_owned(),
        })
    }

    /// `If-Match` compares strongly: a weak tag never matches.
    fn strong_etag(&self) -> Option<String> {
        let etag = self.stat.etag.as_ref();
        etag.filter(|etag| !etag.starts_with("W/")).cloned()
    }
}
