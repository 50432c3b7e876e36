//! The format of a `.wandb` file: a header, then records in the format of LevelDB's log, which
//! splits them into chunks within blocks. The checksum is CRC-32 over the chunk's type and data.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use prost::Message;

use super::record::Record;
use crate::{RunId, TrackerError, adapters::exclusive_file::ExclusiveFile, files};

/// `:W&B`, the magic number 0xBEE1 and version 0.
const HEADER: [u8; 7] = [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00];
const BLOCK: usize = 32768;
const CHUNK_HEADER: usize = 7;

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// A run's file, open for writing.
#[derive(Debug)]
pub(super) struct RunFile(ExclusiveFile);

impl RunFile {
    /// Opens and locks the file at `path`. Creates it if it does not exist.
    pub(super) fn open(path: PathBuf, run_id: &RunId) -> Result<Self, TrackerError> {
        ExclusiveFile::open(path, run_id, super::BACKEND).map(Self)
    }

    /// A reader from the first record on.
    pub(super) fn reader(&self) -> Result<Reader<BufReader<&File>>, TrackerError> {
        Reader::new(self.0.reader()?).map_err(TrackerError::read(self.path()))
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
    pub(super) fn append(&mut self, record: &Record) {
        if self.end() == 0 {
            self.0.buffer().extend_from_slice(&HEADER);
        }
        let end = self.end();
        frame(end, &record.encode_to_vec(), self.0.buffer());
    }

    /// Writes the added records.
    pub(super) fn flush(&mut self) -> Result<(), TrackerError> {
        if !self.0.is_changed() {
            return Ok(());
        }
        // A run that is changed must be uploaded again.
        files::remove_if_present(&with_suffix(self.path(), SYNCED))?;
        self.0.flush()
    }
}

/// The suffix of the marker that the official client creates for an uploaded file.
pub(super) const SYNCED: &str = ".synced";

/// The path with `suffix` added to its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Appends to `out` the chunks of a record at the offset `end` of the file.
fn frame(end: u64, mut data: &[u8], out: &mut Vec<u8>) {
    let mut in_block = (end % BLOCK as u64) as usize;
    let mut begun = false;
    loop {
        let left = BLOCK - in_block;
        if left < CHUNK_HEADER {
            out.resize(out.len() + left, 0);
            in_block = 0;
            continue;
        }
        let (now, later) = data.split_at(data.len().min(left - CHUNK_HEADER));
        let kind = match (begun, later.is_empty()) {
            (false, true) => FULL,
            (false, false) => FIRST,
            (true, false) => MIDDLE,
            (true, true) => LAST,
        };
        out.extend_from_slice(&checksum(kind, now).to_le_bytes());
        // At most a block, so it fits into 16 bits.
        out.extend_from_slice(&(now.len() as u16).to_le_bytes());
        out.push(kind);
        out.extend_from_slice(now);
        if later.is_empty() {
            return;
        }
        data = later;
        begun = true;
        in_block = 0;
    }
}

fn checksum(kind: u8, data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(data);
    hasher.finalize()
}

/// Reads records up to the first that is incomplete or damaged.
#[derive(Debug)]
pub(super) struct Reader<R> {
    source: R,
    offset: u64,
}

impl<R: Read> Reader<R> {
    /// A reader from the beginning of a file. A file that ends within the header has no records.
    ///
    /// Fails with `InvalidData` if the header is not that of W&B.
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        let mut header = Vec::new();
        source
            .by_ref()
            .take(HEADER.len() as u64)
            .read_to_end(&mut header)?;
        if header != HEADER[..header.len()] {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "this is not a W&B run file: its header is different",
            ));
        }
        let offset = header.len() as u64;
        Ok(Self { source, offset })
    }

    /// The next record and the offset of its end. None if there is no further intact record.
    pub(super) fn next(&mut self) -> io::Result<Option<(Record, u64)>> {
        let mut data = Vec::new();
        let mut begun = false;
        loop {
            let left = BLOCK - (self.offset % BLOCK as u64) as usize;
            if left < CHUNK_HEADER {
                let mut padding = [0; CHUNK_HEADER];
                if !self.read(&mut padding[..left])? {
                    return Ok(None);
                }
                continue;
            }
            let mut header = [0; CHUNK_HEADER];
            if !self.read(&mut header)? {
                return Ok(None);
            }
            // The official client can also leave seven bytes at the end of a block empty.
            if left == CHUNK_HEADER && header == [0; CHUNK_HEADER] {
                continue;
            }
            let [c0, c1, c2, c3, l0, l1, kind] = header;
            let length = u16::from_le_bytes([l0, l1]) as usize;
            let begins = matches!(kind, FULL | FIRST);
            if !(FULL..=LAST).contains(&kind) || begins == begun || length > left - CHUNK_HEADER {
                return Ok(None);
            }
            let from = data.len();
            data.resize(from + length, 0);
            if !self.read(&mut data[from..])?
                || checksum(kind, &data[from..]) != u32::from_le_bytes([c0, c1, c2, c3])
            {
                return Ok(None);
            }
            begun = true;
            if matches!(kind, FULL | LAST) {
                let record = Record::decode(&data[..]).ok();
                return Ok(record.map(|record| (record, self.offset)));
            }
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(sizes: &[usize]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for (num, size) in sizes.iter().enumerate() {
            let record = Record {
                num: num as i64,
                control: Some(super::super::record::Control {
                    mailbox_slot: "x".repeat(*size),
                }),
                ..Record::default()
            };
            let end = bytes.len() as u64;
            frame(end, &record.encode_to_vec(), &mut bytes);
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<(usize, u64)> {
        let mut reader = Reader::new(bytes).unwrap();
        let mut records = Vec::new();
        while let Some((record, end)) = reader.next().unwrap() {
            records.push((record.control.unwrap().mailbox_slot.len(), end));
        }
        records
    }

    #[test]
    fn the_end_of_a_full_block_is_padded() {
        for short_of_full in 0..40 {
            let sizes = [BLOCK - short_of_full, 3, 2 * BLOCK + short_of_full, 5];
            let records = read(&written(&sizes));
            assert_eq!(records.len(), sizes.len(), "{short_of_full}");
            assert!(
                records
                    .iter()
                    .zip(sizes)
                    .all(|((read, _), size)| *read == size)
            );
        }
    }

    #[test]
    fn a_file_of_another_format_is_an_error() {
        let error = Reader::new(&b"{\"seq\":0}"[..]).unwrap_err();
        assert!(error.to_string().contains("W&B"), "{error}");
    }

    proptest! {
        #[test]
        fn reading_ends_before_damage(
            sizes in proptest::collection::vec(0..70_000_usize, 1..5),
            at in any::<proptest::sample::Index>(),
            flip in any::<bool>(),
        ) {
            let whole = written(&sizes);
            let records = read(&whole);
            prop_assert_eq!(records.len(), sizes.len());
            let at = at.index(whole.len());
            let damaged = if flip {
                let mut damaged = whole;
                damaged[at] ^= 0x10;
                damaged
            } else {
                whole[..at].to_vec()
            };
            if at >= HEADER.len() {
                let kept = read(&damaged);
                prop_assert_eq!(&kept[..], &records[..kept.len()]);
                let before = records.iter().filter(|(_, end)| *end <= at as u64).count();
                // Damage in the padding has no effect.
                prop_assert!(kept.len() >= before);
                if !flip {
                    prop_assert_eq!(kept.len(), before);
                }
            }
        }
    }
}
