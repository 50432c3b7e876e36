//! The lines of a log on their way to its file.

use std::{io, sync::Arc};

use super::{
    End,
    file::LogFile,
    line::LineWriter,
    relative,
    tail::{self, CAPACITY, MappedTail},
};
use crate::{Artifact, Event, EventKind, TrackerError};

/// A log's end: what its file has, and what its tail has beyond.
#[derive(Debug)]
pub(super) struct Lines {
    file: Arc<LogFile>,
    /// How long the file is.
    length: u64,
    synchronised: u64,
    /// Why the disk does not have all, to be said by the next call.
    failure: Option<io::Error>,
    last: Option<Last>,
    tail: Tail,
    line: Vec<u8>,
    writer: LineWriter,
    closed: bool,
}

#[derive(Debug)]
enum Tail {
    /// So many calls were written directly.
    NotYet(u32),
    Mapped(MappedTail),
    /// There can be none here.
    Impossible,
}

/// The last event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) seq: u64,
    /// How the run ended, and why, where this is its end.
    pub(super) end: Option<End>,
}

impl Last {
    pub(super) fn of(event: &Event<'_>) -> Self {
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

/// Runs that log less than this need no tail.
const CALLS_WITHOUT_TAIL: u32 = 64;

impl Lines {
    pub(super) fn new(file: Arc<LogFile>, length: u64, last: Option<Last>) -> Self {
        Self {
            file,
            length,
            synchronised: 0,
            failure: None,
            last,
            tail: Tail::NotYet(0),
            line: Vec::new(),
            writer: LineWriter::default(),
            closed: false,
        }
    }

    pub(super) fn last(&self) -> Option<&Last> {
        self.last.as_ref()
    }

    pub(super) fn has_end(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.end.is_some())
    }

    pub(super) const fn on_disk(&self) -> u64 {
        self.synchronised
    }

    /// How long the file is, where the disk may not have all of it.
    pub(super) fn unsynchronised(&self) -> Option<u64> {
        (!self.closed && self.synchronised < self.length).then_some(self.length)
    }

    /// The disk has the file up to here, or does not get it.
    pub(super) fn synchronised(&mut self, length: u64, result: io::Result<()>) {
        match result {
            Ok(()) => self.synchronised = self.synchronised.max(length),
            Err(error) => self.failure = Some(error),
        }
    }

    /// Appends events, where there `may_wait` something in a tail, because somebody writes it out soon.
    pub(super) fn append(
        &mut self,
        events: &[Event<'_>],
        may_wait: bool,
    ) -> Result<(), TrackerError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        if let Some(error) = self.failure.take() {
            return Err(TrackerError::write(self.file.path())(error));
        }
        self.line.clear();
        for event in events {
            let movable = self.movable(event);
            self.writer
                .write(&mut self.line, movable.as_ref().unwrap_or(event))
                .map_err(|error| TrackerError::write(self.file.path())(error.into()))?;
        }
        let is_point = |event: &Event<'_>| matches!(event.kind, EventKind::Log { .. });
        if !(may_wait && events.iter().all(is_point) && self.put_in_tail()?) {
            self.flush()?;
            self.file.write_at(self.length, &self.line)?;
            self.length += self.line.len() as u64;
            // It was empty, perhaps already before: what comes next stands behind this line.
            if let Tail::Mapped(tail) = &mut self.tail {
                tail.restart(self.length);
            }
        }
        self.last = Some(Last::of(last));
        if self.has_end() {
            self.remove_tail()?;
            let synchronised = self.file.synchronise();
            synchronised.map_err(TrackerError::write(self.file.path()))?;
            self.synchronised = self.length;
        }
        Ok(())
    }

    /// Puts the line into the tail, if there is one that may hold it.
    fn put_in_tail(&mut self) -> Result<bool, TrackerError> {
        if self.line.len() > CAPACITY {
            return Ok(false);
        }
        match &mut self.tail {
            Tail::Mapped(tail) if tail.room() < self.line.len() => self.flush()?,
            Tail::Mapped(_) => {}
            Tail::NotYet(calls) if *calls < CALLS_WITHOUT_TAIL => *calls += 1,
            Tail::NotYet(_) => {
                let tail = MappedTail::create(&tail::path(self.file.path()), self.length);
                // Without one it is slower, no more: on a full disk, writing says so.
                self.tail = tail.map_or(Tail::Impossible, Tail::Mapped);
            }
            Tail::Impossible => {}
        }
        let Tail::Mapped(tail) = &mut self.tail else {
            return Ok(false);
        };
        tail.push(&self.line);
        Ok(true)
    }

    /// Writes to the file what is in the tail.
    pub(super) fn flush(&mut self) -> Result<(), TrackerError> {
        if let Tail::Mapped(tail) = &mut self.tail
            && !tail.lines().is_empty()
        {
            self.file.write_at(self.length, tail.lines())?;
            self.length += tail.lines().len() as u64;
            tail.restart(self.length);
        }
        Ok(())
    }

    /// Leaves everything in the file. Afterwards another process may write it.
    pub(super) fn close(&mut self) -> Result<(), TrackerError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let flushed = self.flush().and_then(|()| self.remove_tail());
        // The thread does not touch it any more.
        self.tail = Tail::Impossible;
        flushed
    }

    /// Takes an empty tail away.
    fn remove_tail(&mut self) -> Result<(), TrackerError> {
        if !matches!(self.tail, Tail::Mapped(_)) {
            return Ok(());
        }
        self.tail = Tail::NotYet(0);
        tail::remove(&tail::path(self.file.path()))
    }

    /// The event with the file of an artefact named from the log on, where it has one.
    fn movable(&self, event: &Event<'_>) -> Option<Event<'static>> {
        let (artifact, kind): (&Artifact, fn(Artifact) -> EventKind<'static>) = match &event.kind {
            EventKind::LogArtifact(artifact) => (artifact, EventKind::LogArtifact),
            EventKind::LogModel(artifact) => (artifact, EventKind::LogModel),
            _ => return None,
        };
        let directory = self.file.path().parent()?.canonicalize().ok()?;
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
}
