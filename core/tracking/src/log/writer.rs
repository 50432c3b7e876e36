//! Appends events to a log.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    LONGEST_LINE, RunEnd,
    disk_sync::{self, SharedLog},
    file::LogFile,
    old_tail, relative_path,
};
use crate::{Artifact, EventKind, RunEvent, TrackerError};

/// The log of one run, open for appending. Another attempt to do so fails.
///
/// Not for use in a forked child that does not execute a new program: it shares the lock.
#[derive(Debug)]
pub struct EventLog {
    shared: Arc<SharedLog>,
    /// Length of the file in bytes.
    length: u64,
    last: Option<LastEvent>,
    /// The lines being written; kept to reuse its memory.
    buffer: Vec<u8>,
    is_scheduled: bool,
}

/// The last event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastEvent {
    pub(super) seq: u64,
    /// How the run ended, if this event is its end.
    pub(super) end: Option<RunEnd>,
}

impl From<&RunEvent<'_>> for LastEvent {
    fn from(event: &RunEvent<'_>) -> Self {
        let end = match &event.kind {
            EventKind::Finish { status, error } => Some(RunEnd::new(*status, error.clone())),
            _ => None,
        };
        Self {
            seq: event.seq,
            end,
        }
    }
}

impl EventLog {
    /// Opens the log at `path`. Creates it and its directory if they do not exist, moves lines
    /// into it that version 1.1 left in its tail, and cuts off an unfinished last line.
    ///
    /// # Errors
    ///
    /// [`TrackerError::InUse`] if it is open for appending elsewhere; [`TrackerError::Corrupt`] if
    /// its last line is not an event; [`TrackerError::Read`], [`TrackerError::Write`] or
    /// [`TrackerError::NoSpace`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrackerError> {
        let file = LogFile::open(path.into())?;
        old_tail::merge(&file)?;
        let (length, last) = read_end(&file)?;
        Ok(Self {
            shared: Arc::new(SharedLog::new(file)),
            length,
            last,
            buffer: Vec::new(),
            is_scheduled: false,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// The position of the last event, or none if the log is empty.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.seq)
    }

    /// Whether the last event is the end of the run.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.end.is_some())
    }

    /// How much of the log the disk is known to have, in bytes from its beginning. Counts only
    /// what was appended since the log was opened: 0 until something was.
    #[must_use]
    pub fn on_disk(&self) -> u64 {
        self.shared.on_disk()
    }

    pub(super) fn last(&self) -> Option<&LastEvent> {
        self.last.as_ref()
    }

    /// Appends events with one write. When this returns, they survive the end of this process; if
    /// the last of them is the end of the run, they are on the disk too.
    ///
    /// # Errors
    ///
    /// [`TrackerError::NoSpace`] on a full disk, [`TrackerError::Write`] otherwise. The log is then
    /// as it was before, unless only the synchronisation with the disk failed.
    pub fn append(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        if let Some(error) = self.shared.take_failure() {
            return Err(TrackerError::write(self.path())(error));
        }
        self.buffer.clear();
        for event in events {
            let portable = self.with_relative_path(event);
            serde_json::to_writer(&mut self.buffer, portable.as_ref().unwrap_or(event))
                .map_err(|error| TrackerError::write(self.path())(error.into()))?;
            self.buffer.push(b'\n');
        }
        self.shared.file.write_at(self.length, &self.buffer)?;
        self.length += self.buffer.len() as u64;
        self.shared.set_written(self.length);
        self.last = Some(last.into());
        if last.is_end() {
            let synchronised = self.shared.synchronise();
            synchronised.map_err(TrackerError::write(self.path()))?;
        } else if !self.is_scheduled {
            self.is_scheduled = true;
            disk_sync::schedule(&self.shared);
        }
        Ok(())
    }

    /// The event with the path of its artefact relative to the log, if it has one near the log.
    fn with_relative_path(&self, event: &RunEvent<'_>) -> Option<RunEvent<'static>> {
        let (artifact, kind): (&Artifact, fn(Artifact) -> EventKind<'static>) = match &event.kind {
            EventKind::LogArtifact(artifact) => (artifact, EventKind::LogArtifact),
            EventKind::LogModel(artifact) => (artifact, EventKind::LogModel),
            _ => return None,
        };
        let directory = self.path().parent()?.canonicalize().ok()?;
        // Only files in the job's directory are moved together with the log, which is at
        // `<job>/tracker_log/<run>/events.jsonl`.
        let job = directory.ancestors().nth(2)?;
        artifact.path.starts_with(job).then(|| {
            let path = relative_path::between(&directory, &artifact.path);
            let name = artifact.name.clone();
            RunEvent::new(event.seq, event.time, kind(Artifact { path, name }))
        })
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.shared.file.unlock();
    }
}

/// Where the last complete line ends, and its event. What follows it is cut off.
fn read_end(file: &LogFile) -> Result<(u64, Option<LastEvent>), TrackerError> {
    let length = file.length()?;
    let end = file.line_begin(length)?;
    if end < length {
        file.truncate(end)?;
    }
    if end == 0 {
        return Ok((0, None));
    }
    let begin = file.line_begin(end - 1)?;
    let corrupt = |reason: String| TrackerError::Corrupt {
        path: file.path().to_owned(),
        offset: begin,
        reason,
    };
    let length = usize::try_from(end - begin).unwrap_or(usize::MAX);
    if length > LONGEST_LINE {
        return Err(corrupt("the last line is too long".to_owned()));
    }
    let line = file.read_at(begin, length)?;
    let event: RunEvent<'_> =
        serde_json::from_slice(&line).map_err(|error| corrupt(error.to_string()))?;
    Ok((end, Some(LastEvent::from(&event))))
}
