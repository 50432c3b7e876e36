//! How far a backend got with a run.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RunReference, Tracker, TrackerError, log::length};

/// How far a backend got with a run: the file `<backend>.json` beside the run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The backend's name.
    pub backend: String,
    /// Which place of the backend: [`Tracker::target`].
    pub target: Value,
    /// The run as the backend knows it, once it does.
    #[serde(default)]
    pub reference: Option<RunReference>,
    /// The place of the last event that the backend took.
    #[serde(default)]
    pub seq: Option<u64>,
    /// Where the next event begins in the log, in bytes.
    #[serde(default)]
    pub offset: u64,
    /// What the backend refused for good, the first hundred.
    #[serde(default)]
    pub refused: Vec<Refusal>,
}

/// An event that a backend refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its place in the run.
    pub seq: u64,
    /// What the backend said.
    pub reason: String,
}

impl Cursor {
    const MOST_REFUSALS: usize = 100;

    pub(super) fn new(tracker: &dyn Tracker) -> Self {
        Self {
            backend: tracker.backend().to_owned(),
            target: tracker.target(),
            reference: None,
            seq: None,
            offset: 0,
            refused: Vec::new(),
        }
    }

    /// Reads the cursor at `path`, if it is there.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, TrackerError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrackerError::read(path)(error)),
        };
        let cursor = serde_json::from_slice(&bytes);
        Ok(Some(
            cursor.map_err(|error| TrackerError::read(path)(error.into()))?,
        ))
    }

    /// Writes it to `path`: a reader sees the one before or this one, whole.
    pub(super) fn write(&self, path: &Path) -> Result<(), TrackerError> {
        let write = |error| TrackerError::write(path)(error);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| write(error.into()))?;
        text.push(b'\n');
        let temporary = path.with_extension("json.new");
        fs::write(&temporary, text).map_err(write)?;
        fs::rename(&temporary, path).map_err(write)
    }

    /// Whether the backend has all that is in the log.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`] when the log is gone.
    pub fn is_complete(&self, log: &Path) -> Result<bool, TrackerError> {
        // Beyond the end lies what a machine that lost power took from the log: it is gone through again.
        Ok(self.offset == length(log)?)
    }

    pub(super) fn has_refused(&self, seq: u64) -> bool {
        self.refused.iter().any(|refusal| refusal.seq == seq)
    }

    pub(super) fn refuse(&mut self, seq: u64, error: &TrackerError) {
        if self.refused.len() < Self::MOST_REFUSALS {
            let reason = error.to_string();
            self.refused.push(Refusal { seq, reason });
        }
    }
}

/// The cursor of a backend beside a log.
pub(super) fn path(log: &Path, backend: &str) -> PathBuf {
    log.with_file_name(format!("{backend}.json"))
}

/// The right to feed a backend from a log; ends when it is dropped, or with the process.
pub(super) struct FeedLock(File);

impl Drop for FeedLock {
    fn drop(&mut self) {
        // Closing alone would leave it locked as long as a child that was just forked has it too.
        let _ = self.0.unlock();
    }
}

/// The right to feed a backend from a log.
pub(super) fn lock(log: &Path, backend: &str) -> Result<FeedLock, TrackerError> {
    let path = log.with_file_name(format!("{backend}.lock"));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(TrackerError::write(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(FeedLock(file)),
        Err(TryLockError::WouldBlock) => {
            let directory = log.parent().and_then(Path::file_name);
            Err(TrackerError::Busy {
                run_id: directory.unwrap_or_default().to_string_lossy().into_owned(),
                backend: backend.to_owned(),
            })
        }
        Err(TryLockError::Error(error)) => Err(TrackerError::write(&path)(error)),
    }
}
