//! The records of an event file, in TensorFlow's format: length, checksum of the length, data,
//! checksum of the data.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use prost::Message;

use super::record::Event;
use crate::{RunId, TrackerError, adapters::exclusive_file::ExclusiveFile};

/// A run's event file, open for writing.
#[derive(Debug)]
pub(super) struct EventFile(ExclusiveFile);

impl EventFile {
    /// Opens and locks the file at `path`. Creates it if it does not exist.
    pub(super) fn open(path: PathBuf, run_id: &RunId) -> Result<Self, TrackerError> {
        ExclusiveFile::open(path, run_id, super::BACKEND).map(Self)
    }

    /// A reader from the first record on.
    pub(super) fn reader(&self) -> Result<Reader<BufReader<&File>>, TrackerError> {
        self.0.reader().map(Reader::new)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The offset of the next record.
    pub(super) fn end(&self) -> u64 {
        self.0.end()
    }

    /// Discards everything from the offset `end` on.
    pub(super) fn rewind(&mut self, end: u64) {
        self.0.rewind(end);
    }

    /// Adds a record, which the next [`flush`](Self::flush) writes.
    pub(super) fn append(&mut self, event: &Event) {
        let data = event.encode_to_vec();
        let length = (data.len() as u64).to_le_bytes();
        let buffer = self.0.buffer();
        buffer.extend_from_slice(&length);
        buffer.extend_from_slice(&masked(&length).to_le_bytes());
        buffer.extend_from_slice(&data);
        buffer.extend_from_slice(&masked(&data).to_le_bytes());
    }

    /// Writes the added records.
    pub(super) fn flush(&mut self) -> Result<(), TrackerError> {
        if self.0.is_changed() {
            self.0.flush()
        } else {
            Ok(())
        }
    }
}

/// The checksum of the format. CRC-32C is masked because it is weak for data that contains CRCs.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Reads records up to the first that is incomplete or damaged.
#[derive(Debug)]
pub(super) struct Reader<R> {
    source: R,
    offset: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, offset: 0 }
    }

    /// The next record and the offset of its end. None if there is no further intact record.
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
        // Allocates only what the file contains, even if the length is wrong.
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

    /// Fills `into`. False if the file ends before.
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
