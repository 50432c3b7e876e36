//! Appends to a log.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    file::LogFile,
    keeper,
    lines::{Last, Lines},
    tail,
};
use crate::{Event, EventKind, TrackerError};

/// The log of one run, open for appending. While it is, nobody else can open it so. Not for use in a
/// child that was forked without a new program.
#[derive(Debug)]
pub struct EventLog {
    file: Arc<LogFile>,
    lines: Arc<Mutex<Lines>>,
    kept: Keeping,
}

/// Whether the thread of this process looks after the log.
#[derive(Debug)]
enum Keeping {
    NotYet,
    /// It does, and says when the tail is to be written out.
    ByThread(Arc<AtomicBool>),
    /// There is no such thread: every line is written at once.
    Alone,
}

/// More than any line that is written; beyond it, a file is no log.
const LONGEST_LINE: u64 = 64 << 20;

impl EventLog {
    /// Opens the log at `path`, made with its directory if it is not there. It gets what a process that
    /// was killed left in the log's tail; an unfinished last line is cut off.
    ///
    /// # Errors
    ///
    /// [`TrackerError::InUse`] when it is open for appending elsewhere; [`TrackerError::File`];
    /// [`TrackerError::Corrupt`] when its last line is no event.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrackerError> {
        let file = Arc::new(LogFile::open(path.into())?);
        tail::repair(&file)?;
        let (length, last) = end(&file)?;
        Ok(Self {
            lines: Arc::new(Mutex::new(Lines::new(Arc::clone(&file), length, last))),
            file,
            kept: Keeping::NotYet,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The place of the last event in it.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.lock().last().map(|last| last.seq)
    }

    /// Whether its last event is the end of the run.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.lock().has_end()
    }

    /// How much of the log is known to be on the disk, of what was appended since it was opened, in
    /// bytes from its beginning.
    #[must_use]
    pub fn on_disk(&self) -> u64 {
        self.lock().on_disk()
    }

    pub(super) fn last(&self) -> Option<Last> {
        self.lock().last().cloned()
    }

    /// Appends events. They are in the file or its tail when this returns, where the end of this process
    /// does not touch them; the end of a run is also on the disk.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`], such as on a full disk; the log is then as it was before.
    pub fn append(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        let ends = |event: &Event<'_>| matches!(event.kind, EventKind::Finish { .. });
        if matches!(self.kept, Keeping::NotYet) && !events.last().is_none_or(ends) {
            let kept = keeper::keep(&self.file, &self.lines);
            self.kept = kept.map_or(Keeping::Alone, Keeping::ByThread);
        }
        let mut lines = self.lock();
        match &self.kept {
            Keeping::ByThread(due) => {
                lines.append(events, true)?;
                if due.load(Ordering::Relaxed) {
                    due.store(false, Ordering::Relaxed);
                    // The events are taken; that the file has no room is said once the tail has none.
                    let _ = lines.flush();
                }
                Ok(())
            }
            Keeping::NotYet | Keeping::Alone => lines.append(events, false),
        }
    }

    /// Brings all that was appended into the file itself, where other programs read it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`]; nothing is lost then.
    pub fn flush(&mut self) -> Result<(), TrackerError> {
        self.lock().flush()
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // What cannot be written now is in the tail, for the next opening.
        let _ = self.lock().close();
        self.file.unlock();
    }
}

/// Where the last whole line ends, and what it says; what follows it is cut off.
fn end(file: &LogFile) -> Result<(u64, Option<Last>), TrackerError> {
    let length = file.length()?;
    let end = file.line_begin(length)?;
    if end < length {
        file.cut(end)?;
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
    if end - begin > LONGEST_LINE {
        return Err(corrupt("the last line is too long".to_owned()));
    }
    // No longer than that.
    let line = file.read_at(begin, (end - begin) as usize)?;
    let event: Event<'_> =
        serde_json::from_slice(&line).map_err(|error| corrupt(error.to_string()))?;
    Ok((end, Some(Last::of(&event))))
}
