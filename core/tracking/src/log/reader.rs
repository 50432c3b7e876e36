//! Reads a log, also while it is being written.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    relative,
    tail::{self, Contents},
};
use crate::{Event, EventKind, TrackerError};

/// Reads a log in batches, from any line on, as far as whole lines are there, in the file or in its
/// tail.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    tail: PathBuf,
    file: File,
    offset: u64,
    buffer: Vec<u8>,
    block: Box<[u8]>,
}

const BLOCK: usize = 128 << 10;
/// More than any line that is written; beyond it, a file is no log.
const LONGEST_LINE: usize = 64 << 20;
/// How often the file is looked at again because its tail went there meanwhile.
const TRIES: usize = 4;

impl LogReader {
    /// Opens the log at `path` at `offset`, which must be 0 or one that [`offset`](Self::offset)
    /// gave.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`].
    pub fn open(path: impl Into<PathBuf>, offset: u64) -> Result<Self, TrackerError> {
        let path = path.into();
        let file = File::open(&path).map_err(TrackerError::read(&path))?;
        Ok(Self {
            tail: tail::path(&path),
            path,
            file,
            offset,
            buffer: Vec::new(),
            block: vec![0; BLOCK].into(),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next line begins, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next events: at most `most`, fewer where a block of the file holds fewer, none at the
    /// end of what is written. An unfinished last line is left for later.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`], [`TrackerError::Corrupt`].
    pub fn next_batch(&mut self, most: usize) -> Result<Vec<Event<'static>>, TrackerError> {
        let mut events = Vec::new();
        loop {
            let mut used = 0;
            while events.len() < most
                && let Some(length) = self.buffer[used..].iter().position(|byte| *byte == b'\n')
            {
                let line = &self.buffer[used..used + length];
                let event: Event<'_> =
                    serde_json::from_slice(line).map_err(|error| TrackerError::Corrupt {
                        path: self.path.clone(),
                        offset: self.offset + used as u64,
                        reason: error.to_string(),
                    })?;
                events.push(self.placed(event.into_owned()));
                used += length + 1;
            }
            self.buffer.drain(..used);
            self.offset += used as u64;
            if !events.is_empty() {
                return Ok(events);
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(TrackerError::Corrupt {
                    path: self.path.clone(),
                    offset: self.offset,
                    reason: format!("the line is longer than {LONGEST_LINE} bytes"),
                });
            }
            if !self.read_more()? {
                return Ok(events);
            }
        }
    }

    /// Reads on where the buffer ends, and says whether there was more.
    fn read_more(&mut self) -> Result<bool, TrackerError> {
        let position = self.offset + self.buffer.len() as u64;
        let mut was_empty = false;
        for _ in 0..TRIES {
            let read = self
                .file
                .seek(SeekFrom::Start(position))
                .and_then(|_| self.file.read(&mut self.block))
                .map_err(TrackerError::read(&self.path))?;
            if read > 0 {
                self.buffer.extend_from_slice(&self.block[..read]);
                return Ok(true);
            }
            match Contents::read(&self.tail)? {
                None if was_empty => return Ok(false),
                // It may have been written out since the file was read.
                None => was_empty = true,
                // What was in it is in the file by now.
                Some(tail) if tail.base() > position => {}
                Some(tail) => {
                    let (_, lines) = tail.split_at(position);
                    self.buffer.extend_from_slice(lines);
                    return Ok(!lines.is_empty());
                }
            }
        }
        Ok(false)
    }

    /// The event with an artefact's file where it is now.
    fn placed(&self, mut event: Event<'static>) -> Event<'static> {
        if let EventKind::LogArtifact(artifact) | EventKind::LogModel(artifact) = &mut event.kind
            && artifact.path.is_relative()
            && let Some(directory) = self.path.parent().and_then(|path| path.canonicalize().ok())
        {
            artifact.path = relative::resolved(&directory, &artifact.path);
        }
        event
    }

    /// All events that are left.
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub fn rest(&mut self) -> Result<Vec<Event<'static>>, TrackerError> {
        let mut all = Vec::new();
        loop {
            let batch = self.next_batch(usize::MAX)?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }
}
