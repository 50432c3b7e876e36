//! Which events of a run a backend has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::length;
use crate::{RunReference, Tracker, TrackerError, files};

/// Which events of a run a backend has: the file `<backend>.json` in the directory of the run's
/// log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cursor {
    /// The backend's name.
    pub backend: String,
    /// The place in the backend: [`Tracker::target`].
    pub target: Value,
    /// The run's id and address in the backend, once it has the run.
    #[serde(default)]
    pub reference: Option<RunReference>,
    /// Position of the last event that was sent.
    #[serde(default)]
    pub seq: Option<u64>,
    /// Where the next event to send begins in the log, in bytes.
    #[serde(default)]
    pub offset: u64,
    /// The events that the backend refused, at most the first hundred.
    #[serde(default)]
    pub refused: Vec<Refusal>,
    /// The events that the backend refused after the first hundred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_refused: Option<MoreRefused>,
}

/// An event that a backend refused. A sync sends it again, because the reason may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The event's position in the run.
    pub seq: u64,
    /// The whole message: what was refused and why.
    pub reason: String,
    /// Why alone, which is the same for all files that a server does not take. Empty in a cursor of
    /// an earlier version.
    #[serde(default)]
    pub cause: String,
}

/// Refused events that are counted only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MoreRefused {
    /// How many.
    pub events: u64,
    /// The position of the first of them in the run.
    pub first: u64,
    /// The position of the last of them in the run.
    pub last: u64,
}

impl Cursor {
    const MAX_REFUSALS: usize = 100;

    pub(crate) fn new(tracker: &dyn Tracker) -> Self {
        Self {
            backend: tracker.backend().to_owned(),
            target: tracker.target(),
            reference: None,
            seq: None,
            offset: 0,
            refused: Vec::new(),
            more_refused: None,
        }
    }

    /// Reads the cursor at `path`; none if there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, TrackerError> {
        let bytes = match protea_files::read_document(path) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let cursor = serde_json::from_slice(&bytes);
        Ok(Some(
            cursor.map_err(|error| TrackerError::read(path)(error.into()))?,
        ))
    }

    /// Replaces the file at `path`.
    pub(crate) fn write(&self, path: &Path) -> Result<(), TrackerError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| TrackerError::write(path)(error.into()))?;
        text.push(b'\n');
        files::replace(path, &text)
    }

    /// Whether everything that is in the log was sent.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if there is no log.
    pub fn is_complete(&self, log: &Path) -> Result<bool, TrackerError> {
        // The offset is beyond the end if a power failure took the end of the log. The log is
        // compared with the backend again then.
        Ok(self.offset == length(log)?)
    }

    pub(crate) fn has_refused(&self, seq: u64) -> bool {
        self.refused.iter().any(|refusal| refusal.seq == seq)
    }

    /// How many events the backend refused.
    #[must_use]
    pub fn refused_events(&self) -> u64 {
        let more = self.more_refused.as_ref().map_or(0, |more| more.events);
        self.refused.len() as u64 + more
    }

    /// Whether this event must be sent again: it was refused, or it may have been.
    pub(crate) fn may_have_refused(&self, seq: u64) -> bool {
        let more = self.more_refused.as_ref();
        self.has_refused(seq) || more.is_some_and(|more| (more.first..=more.last).contains(&seq))
    }

    pub(crate) fn refuse(&mut self, seq: u64, error: &TrackerError) {
        if self.refused.len() < Self::MAX_REFUSALS {
            let cause = match error {
                TrackerError::Refused { reason, .. } => reason.clone(),
                _ => String::new(),
            };
            self.refused.push(Refusal {
                seq,
                reason: error.full_message(),
                cause,
            });
            return;
        }
        match &mut self.more_refused {
            None => {
                self.more_refused = Some(MoreRefused {
                    events: 1,
                    first: seq,
                    last: seq,
                });
            }
            // An event that is sent again after a crash counts once.
            Some(more) if seq <= more.last => {}
            Some(more) => {
                more.events += 1;
                more.last = seq;
            }
        }
    }
}

/// The path of a backend's cursor for a log.
pub(crate) fn path(log: &Path, backend: &str) -> PathBuf {
    log.with_file_name(format!("{backend}.json"))
}

/// The file of a cursor, which may be unreadable.
#[derive(Debug)]
#[non_exhaustive]
pub struct CursorFile {
    /// The backend's name, from the name of the file.
    pub backend: String,
    /// The path of the file.
    pub path: PathBuf,
    /// The cursor, or why it cannot be read. Then it is unknown what the backend has.
    pub cursor: Result<Cursor, TrackerError>,
}

/// The files of cursors in the directory of a log, sorted by backend: one for each backend that the
/// run goes to.
///
/// # Errors
///
/// [`TrackerError::Read`] if the directory cannot be read.
pub fn cursor_files(log: &Path) -> Result<Vec<CursorFile>, TrackerError> {
    let directory = log.parent().unwrap_or(Path::new("."));
    let entries = fs::read_dir(directory).map_err(TrackerError::read(directory))?;
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let is_cursor = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let Some(backend) = path.file_stem().filter(|_| is_cursor) else {
            continue;
        };
        let backend = backend.to_string_lossy().into_owned();
        let Some(cursor) = Cursor::read(&path).transpose() else {
            continue;
        };
        files.push(CursorFile {
            backend,
            path,
            cursor,
        });
    }
    files.sort_by(|a, b| a.backend.cmp(&b.backend));
    Ok(files)
}

/// The cursors in the directory of a log: one for each backend that the run goes to, sorted by its
/// name.
///
/// # Errors
///
/// [`TrackerError::Read`] if the directory or a cursor cannot be read.
pub fn cursors(log: &Path) -> Result<Vec<Cursor>, TrackerError> {
    let files = cursor_files(log)?.into_iter();
    files.map(|file| file.cursor).collect()
}
