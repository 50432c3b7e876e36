//! Appends to a log.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::line::LineWriter;
use super::relative;
use crate::{Artifact, Event, EventKind, RunStatus, TrackerError};

/// The log of one run, open for appending. While it is, nobody else can open it so.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
    length: u64,
    last: Option<Last>,
    line: Vec<u8>,
    writer: LineWriter,
}

/// The last event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) seq: u64,
    /// How the run ended, and why, where this is its end.
    pub(super) end: Option<(RunStatus, Option<String>)>,
}

impl Last {
    fn of(event: &Event<'_>) -> Self {
        let end = match &event.kind {
            EventKind::Finish { status, error } => Some((*status, error.clone())),
            _ => None,
        };
        Self {
            seq: event.seq,
            end,
        }
    }
}

/// More than any line that is written; beyond it, a file is no log.
const LONGEST_LINE: u64 = 64 << 20;

impl EventLog {
    /// Opens the log at `path`, made with its directory if it is not there. An unfinished last
    /// line, left by a process that was killed, is cut off.
    ///
    /// # Errors
    ///
    /// [`TrackerError::InUse`] when it is open for appending elsewhere; [`TrackerError::File`];
    /// [`TrackerError::Corrupt`] when its last line is no event.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrackerError> {
        let path = path.into();
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(TrackerError::write(directory))?;
        }
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(TrackerError::write(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let directory = path.parent().and_then(Path::file_name);
                return Err(TrackerError::InUse {
                    run_id: directory.unwrap_or_default().to_string_lossy().into_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(TrackerError::write(&path)(error)),
        }
        let mut log = Self {
            path,
            file,
            length: 0,
            last: None,
            line: Vec::new(),
            writer: LineWriter::default(),
        };
        log.find_end()?;
        Ok(log)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of the last event in it.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.seq)
    }

    /// Whether its last event is the end of the run.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.end.is_some())
    }

    pub(super) fn last(&self) -> Option<&Last> {
        self.last.as_ref()
    }

    /// Appends events. They are in the file when this returns; the end of a run also on the disk.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`], such as on a full disk; the log is then as it was before.
    pub fn append(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        self.line.clear();
        for event in events {
            let movable = self.movable(event);
            self.writer
                .write(&mut self.line, movable.as_ref().unwrap_or(event))
                .map_err(|error| TrackerError::write(&self.path)(error.into()))?;
        }
        if let Err(error) = self.file.write_all(&self.line) {
            // Half a line in the middle would spoil what follows. If this fails too, the next
            // opening cuts it off.
            let _ = self.file.set_len(self.length);
            return Err(TrackerError::write(&self.path)(error));
        }
        self.length += self.line.len() as u64;
        self.last = Some(Last::of(last));
        if self.has_end() {
            self.file
                .sync_data()
                .map_err(TrackerError::write(&self.path))?;
        }
        Ok(())
    }

    /// The event with the file of an artefact named from the log on, where it has one.
    fn movable(&self, event: &Event<'_>) -> Option<Event<'static>> {
        let (artifact, kind): (&Artifact, fn(Artifact) -> EventKind<'static>) = match &event.kind {
            EventKind::LogArtifact(artifact) => (artifact, EventKind::LogArtifact),
            EventKind::LogModel(artifact) => (artifact, EventKind::LogModel),
            _ => return None,
        };
        let directory = self.path.parent()?.canonicalize().ok()?;
        // What lies elsewhere altogether is not moved with the log.
        let near = directory.ancestors().nth(2)?;
        artifact.path.starts_with(near).then(|| Event {
            seq: event.seq,
            time: event.time,
            kind: kind(Artifact {
                path: relative::from(&directory, &artifact.path),
                name: artifact.name.clone(),
            }),
        })
    }

    fn find_end(&mut self) -> Result<(), TrackerError> {
        let read = |error| TrackerError::read(&self.path)(error);
        let length = self.file.metadata().map_err(read)?.len();
        let end = last_line_break(&mut self.file, length).map_err(read)?;
        if end < length {
            self.file
                .set_len(end)
                .map_err(TrackerError::write(&self.path))?;
        }
        self.length = end;
        if end == 0 {
            return Ok(());
        }
        let begin = last_line_break(&mut self.file, end - 1).map_err(read)?;
        let corrupt = |reason: String| TrackerError::Corrupt {
            path: self.path.clone(),
            offset: begin,
            reason,
        };
        if end - begin > LONGEST_LINE {
            return Err(corrupt("the last line is too long".to_owned()));
        }
        self.file.seek(SeekFrom::Start(begin)).map_err(read)?;
        let mut line = String::new();
        (&self.file)
            .take(end - begin)
            .read_to_string(&mut line)
            .map_err(read)?;
        let event: Event<'_> =
            serde_json::from_str(&line).map_err(|error| corrupt(error.to_string()))?;
        self.last = Some(Last::of(&event));
        Ok(())
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // Closing alone would leave it locked as long as a child that was just forked has it too.
        let _ = self.file.unlock();
    }
}

/// The offset after the last line break before `end`; 0 where there is none.
fn last_line_break(file: &mut File, end: u64) -> io::Result<u64> {
    let mut block = [0; 8192];
    let mut to = end;
    while to > 0 {
        let from = to.saturating_sub(block.len() as u64);
        // A block fits into memory.
        let block = &mut block[..(to - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}
