//! A download: a file of the final size, and a second file that lists the parts that are complete.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{StoreError, meter::Meter, object_info::Stat};

/// The smallest range of a request, in bytes.
const CHUNK: u64 = 8 << 20;
/// The largest number of parts, so that the list of parts stays small.
const MOST: u64 = 1024;
/// How often to check whether another process has finished.
const LOOK: Duration = Duration::from_millis(100);

/// A file in parts, locked exclusively.
pub(crate) struct PartFile {
    path: PathBuf,
    file: Mutex<File>,
    state: Mutex<State>,
    /// Whether the content is checked against a SHA-256 at the end, so that syncs can be skipped.
    known_sum: AtomicBool,
}

/// The list of complete parts. Written after the bytes, so that it is never ahead of them when a
/// process is killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    size: u64,
    etag: Option<String>,
    chunk: u64,
    /// `1` for each complete part, otherwise `0`.
    done: String,
}

impl PartFile {
    /// Opens or creates the file at `path`, and waits until no other process uses it.
    pub(crate) fn open(path: &Path, meter: &Meter<'_>) -> Result<Self, StoreError> {
        loop {
            let file = OpenOptions::new()
                .create(true)
                .read(true)
                .write(true)
                .truncate(false)
                .open(path)
                .map_err(StoreError::write(path))?;
            match file.try_lock() {
                Ok(()) if is_still(&file, path) => {
                    return Ok(Self {
                        path: path.to_owned(),
                        file: Mutex::new(file),
                        state: Mutex::new(State::none(&Stat {
                            size: 0,
                            etag: None,
                        })),
                        known_sum: AtomicBool::new(false),
                    });
                }
                // The other process has finished it and moved it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    meter.check()?;
                    thread::sleep(LOOK);
                }
                Err(TryLockError::Error(error)) => return Err(StoreError::write(path)(error)),
            }
        }
    }

    /// Resumes the download if the parts are known to be of this object. Returns the bytes that
    /// exist.
    pub(crate) fn take_up(&self, stat: &Stat, known_sum: bool) -> Result<u64, StoreError> {
        self.known_sum.store(known_sum, Ordering::Relaxed);
        let before = protea_files::read_document(&self.state_path()).ok();
        let before = before.and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok());
        let length = self.file().metadata().map_or(0, |metadata| metadata.len());
        let fitting = before.filter(|before| {
            let fresh = State::none(stat);
            // Without an ETag, only the SHA-256 at the end shows whether the parts are of one
            // object.
            let same = before.etag == stat.etag && (stat.etag.is_some() || known_sum);
            same && length == stat.size
                && (before.size, before.chunk) == (fresh.size, fresh.chunk)
                && before.done.len() == fresh.done.len()
        });
        match fitting {
            Some(before) => {
                *self.state() = before;
                Ok(self.bytes_there())
            }
            None => {
                self.start_over(stat)?;
                Ok(0)
            }
        }
    }

    /// Starts over: marks all parts as missing.
    pub(crate) fn start_over(&self, stat: &Stat) -> Result<(), StoreError> {
        self.forget()?;
        *self.state() = State::none(stat);
        let file = self.file();
        file.set_len(0)
            .and_then(|()| file.set_len(stat.size))
            .map_err(StoreError::write(&self.path))
    }

    fn forget(&self) -> Result<(), StoreError> {
        let path = self.state_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::write(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The missing parts.
    pub(crate) fn missing(&self) -> Vec<Range<u64>> {
        let state = self.state();
        let flags = state.done.bytes().enumerate();
        flags
            .filter(|(_, flag)| *flag != b'1')
            .map(|(number, _)| state.range(number as u64))
            .collect()
    }

    fn bytes_there(&self) -> u64 {
        let state = self.state();
        let flags = state.done.bytes().enumerate();
        flags
            .filter(|(_, flag)| *flag == b'1')
            .map(|(number, _)| state.range(number as u64))
            .map(|range| range.end - range.start)
            .sum()
    }

    /// Writes bytes at an offset.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = self.file();
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(bytes))
            .map_err(StoreError::write(&self.path))
    }

    /// Marks a part as complete.
    pub(crate) fn finish(&self, range: &Range<u64>) -> Result<(), StoreError> {
        // Synced first: after a power failure, the later write can exist without the earlier one.
        if !self.known_sum.load(Ordering::Relaxed) {
            let synced = self.file().sync_data();
            synced.map_err(StoreError::write(&self.path))?;
        }
        let text = {
            let mut state = self.state();
            let number = usize::try_from(range.start / state.chunk).unwrap_or(usize::MAX);
            if number < state.done.len() {
                state.done.replace_range(number..=number, "1");
            }
            serde_json::to_vec(&*state)
        };
        let path = self.state_path();
        let new = path.with_extension("new");
        let text = text.map_err(|error| StoreError::write(&path)(error.into()))?;
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(StoreError::write(&path))
    }

    /// Finishes the download: syncs the file and removes the list of parts.
    pub(crate) fn complete(&self) -> Result<(), StoreError> {
        self.file()
            .sync_all()
            .map_err(StoreError::write(&self.path))?;
        self.forget()
    }

    /// Removes the download.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        self.forget()?;
        fs::remove_file(&self.path).map_err(StoreError::write(&self.path))
    }

    fn state_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".json");
        name.into()
    }

    fn file(&self) -> std::sync::MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a path still refers to the open file.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let opened = file.metadata().ok().map(identity);
    opened.is_some() && opened == fs::metadata(path).ok().map(identity)
}

/// On this system, an open file cannot be moved.
#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.exists()
}

impl State {
    fn none(stat: &Stat) -> Self {
        let even = stat.size.div_ceil(MOST).div_ceil(1 << 20) << 20;
        let chunk = even.max(CHUNK);
        let parts = stat.size.div_ceil(chunk);
        Self {
            size: stat.size,
            etag: stat.etag.clone(),
            chunk,
            done: "0".repeat(usize::try_from(parts).unwrap_or(0)),
        }
    }

    fn range(&self, number: u64) -> Range<u64> {
        let start = number * self.chunk;
        start..(start + self.chunk).min(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{Silent, TransferKind};

    fn stat(size: u64, etag: &str) -> Stat {
        Stat {
            size,
            etag: Some(etag.to_owned()),
        }
    }

    #[test]
    fn parts_are_resumed_unless_the_object_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.part");
        let meter = Meter::begin(&Silent, TransferKind::Download, "x", 0);
        let size = 2 * CHUNK + 5;
        let open = || PartFile::open(&path, &meter).unwrap();

        let part = open();
        assert_eq!(part.take_up(&stat(size, "a"), true).unwrap(), 0);
        let missing = part.missing();
        assert_eq!(missing.len(), 3);
        assert_eq!(missing[2], 2 * CHUNK..size);
        part.write(missing[2].start, b"abcde").unwrap();
        part.finish(&missing[2]).unwrap();
        drop(part);

        let part = open();
        assert_eq!(part.take_up(&stat(size, "a"), true).unwrap(), 5);
        assert_eq!(part.missing(), missing[..2]);
        drop(part);
        for other in [stat(size, "b"), stat(size + 1, "a")] {
            assert_eq!(open().take_up(&other, true).unwrap(), 0);
        }
        fs::write(directory.path().join("x.part.json"), b"{ not json").unwrap();
        assert_eq!(open().take_up(&stat(size, "a"), true).unwrap(), 0);
    }

    #[test]
    fn however_large_a_file_is_its_parts_are_few_and_cover_it() {
        for size in [0, 1, CHUNK, CHUNK + 1, 50 << 30, 5 << 40] {
            let state = State::none(&stat(size, "a"));
            let parts = state.done.len() as u64;
            assert!(parts <= MOST, "{size}");
            let ends: Vec<_> = (0..parts).map(|number| state.range(number)).collect();
            assert_eq!(ends.iter().map(|r| r.end - r.start).sum::<u64>(), size);
        }
    }
}
