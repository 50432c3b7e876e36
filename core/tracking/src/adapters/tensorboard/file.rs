//! The framing of an event file, that of TensorFlow's records: length, checksum of the length,
//! data, checksum of the data.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use prost::Message;

use super::record::Event;
use crate::{TrackerError, adapters::owned::OwnedFile};

/// A run's event file, open for writing.
#[derive(Debug)]
pub(super) struct EventFile(OwnedFile);

impl EventFile {
    /// Opens the file at `path`, made if it is not there.
    pub(super) fn open(path: PathBuf, run_id: &str) -> Result<Self, TrackerError> {
        OwnedFile::open(path, run_id, super::BACKEND).map(Self)
    }

    /// Reads all whole records from the beginning.
    pub(super) fn read(&self) -> Result<Reader<BufReader<&File>>, TrackerError> {
        self.0.read().map(Reader::new)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the next record goes.
    pub(super) fn end(&self) -> u64 {
        self.0.end()
    }

    /// Takes back what is at `end` and after it.
    pub(super) fn rewind(&mut self, end: u64) {
        self.0.rewind(end);
    }

    /// Adds a record, to be written by the next [`flush`](Self::flush).
    pub(super) fn append(&mut self, event: &Event) {
        let data = event.encode_to_vec();
        let length = (data.len() as u64).to_le_bytes();
        let buffer = self.0.buffer();
        buffer.extend_from_slice(&length);
        buffer.extend_from_slice(&masked(&length).to_le_bytes());
        buffer.extend_from_slice(&data);
        buffer.extend_from_slice(&masked(&data).to_le_bytes());
    }

    /// Writes what was added, in one piece.
    pub(super) fn flush(&mut self) -> Result<(), TrackerError> {
        match self.0.is_changed() {
            true => self.0.flush(),
            false => Ok(()),
        }
    }
}

/// A checksum as the format has it, so that one of data with checksums in them is a good one.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Reads whole records, up to the first that is not.
#[derive(Debug)]
pub(super) struct Reader<R> {
    source: R,
    offset: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, offset: 0 }
    }

    /// The next record, and where it ends. None where there is no further whole record.
    pub(super) fn next(&mut self) -> io::Result<Option<(Event, u64)>> {
        let mut head = [0; 12];
        if !self.read(&mut head)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, l4, l5, l6, l7, sum @ ..] = head;
        let length = [l0, l1, l2, l3, l4, l5, l6, l7];
        if masked(&length) != u32::from_le_bytes(sum) {
            return Ok(None);
        }
        let length = u64::from_le_bytes(length);
        let mut data = Vec::new();
        // Grows with what is there, whatever the length says.
        let read = self.source.by_ref().take(length).read_to_end(&mut data)?;
        self.offset += read as u64;
        let mut sum = [0; 4];
        if read as u64 != length
            || !self.read(&mut sum)?
            || masked(&data) != u32::from_le_bytes(sum)
        {
            return Ok(None);
        }
        let event = Event::decode(&data[..]).ok();
        Ok(event.map(|event| (event, self.offset)))
    }

    /// Whether there was as much.
    fn read(&mut self, into: &mut [u8]) -> io::Result<bool> {
        match self.source.read_exact(into) {
            Ok(()) => {
                self.offset += into.len() as u64;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}
