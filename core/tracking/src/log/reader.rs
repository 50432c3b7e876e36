//! Reads a log, also while another process writes it.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use protea_files::Links;

use super::{LONGEST_LINE, old_tail::OldTail, relative_path};
use crate::{EventKind, RunEvent, TrackerError};

/// Reads the complete lines of a log in batches, beginning at any line.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    file: File,
    /// Where the next line begins, in bytes.
    offset: u64,
    /// What was read from `offset` on and not yet returned.
    buffer: Vec<u8>,
    block: Box<[u8]>,
}

/// How much is read at once, in bytes.
const BLOCK: usize = 128 << 10;

impl LogReader {
    /// Opens the log at `path`, to be read from `offset` on: 0, or an earlier result of
    /// [`offset`](Self::offset).
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if there is no such file or it cannot be read.
    pub fn open(path: impl Into<PathBuf>, offset: u64) -> Result<Self, TrackerError> {
        let path = path.into();
        let file = protea_files::open(&path, Links::Refuse)?;
        Ok(Self {
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

    /// The next events, at most `limit` of them. Can return fewer before the end, and returns none
    /// at the end. An unfinished last line is left for a later call.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`]; [`TrackerError::Corrupt`] if a line is not an event.
    pub fn next_batch(&mut self, limit: usize) -> Result<Vec<RunEvent<'static>>, TrackerError> {
        let mut events = Vec::new();
        loop {
            let mut used = 0;
            while events.len() < limit
                && let Some(length) = self.buffer[used..].iter().position(|byte| *byte == b'\n')
            {
                let line = &self.buffer[used..used + length];
                let event: RunEvent<'_> =
                    serde_json::from_slice(line).map_err(|error| TrackerError::Corrupt {
                        path: self.path.clone(),
                        offset: self.offset + used as u64,
                        reason: error.to_string(),
                    })?;
                events.push(self.with_absolute_path(event.into_owned()));
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

    /// Reads more into the buffer. False if there was nothing more.
    fn read_more(&mut self) -> Result<bool, TrackerError> {
        let position = self.offset + self.buffer.len() as u64;
        let read = self
            .file
            .seek(SeekFrom::Start(position))
            .and_then(|_| self.file.read(&mut self.block))
            .map_err(TrackerError::read(&self.path))?;
        if read > 0 {
            self.buffer.extend_from_slice(&self.block[..read]);
            return Ok(true);
        }
        match OldTail::read(&self.path)? {
            Some(tail) if tail.base() <= position => {
                let (_, lines) = tail.split_at(position);
                self.buffer.extend_from_slice(lines);
                Ok(!lines.is_empty())
            }
            _ => Ok(false),
        }
    }

    /// The event with the path of its artefact made absolute.
    fn with_absolute_path(&self, mut event: RunEvent<'static>) -> RunEvent<'static> {
        if let EventKind::LogArtifact(artifact) | EventKind::LogModel(artifact) = &mut event.kind
            && artifact.path.is_relative()
            && let Some(directory) = self.path.parent().and_then(|path| path.canonicalize().ok())
        {
            artifact.path = relative_path::resolve(&directory, &artifact.path);
        }
        event
    }

    /// All events from here to the end.
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub fn rest(&mut self) -> Result<Vec<RunEvent<'static>>, TrackerError> {
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
