//! The tail of a log of version 1.1: lines that its process had not moved into the log yet.
//!
//! That version kept the newest lines in a file `events.tail` in the directory of the log, mapped
//! into memory. The file remains if the process was killed. It is read here, and nothing writes it
//! any more (see `docs/adr/0006-event-log.md`).
//!
//! | bytes | content |
//! |---|---|
//! | 0–7 | `evtail1\n` |
//! | 8–15 | offset in the log at which the lines belong, in bytes, little-endian |
//! | 16–19 | CRC-32C of these eight bytes and of the lines, little-endian |
//! | 20–23 | length of the lines in bytes, little-endian; 0 if there are none |
//! | 64– | the lines |
//!
//! The log may already have any part of the lines, because writing or merging them was
//! interrupted. The offset makes it possible to append only the rest.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use protea_files::Links;

use super::file::LogFile;
use crate::{TrackerError, files};

const MAGIC: &[u8] = b"evtail1\n";
const BASE: usize = 8;
const CHECKSUM: usize = 16;
const LENGTH: usize = 20;
const LINES: usize = 64;
/// The size of the file in bytes.
const SIZE: usize = 64 << 10;

/// The lines of a tail, and the offset in the log at which they belong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldTail {
    base: u64,
    lines: Vec<u8>,
}

impl OldTail {
    /// Reads the tail of the log at `log`. None if there is no tail, if it has no lines, and if it
    /// is damaged, as by a power failure.
    pub(super) fn read(log: &Path) -> Result<Option<Self>, TrackerError> {
        let path = path(log);
        let mut bytes = Vec::new();
        match protea_files::open(&path, Links::Refuse) {
            Ok(file) => {
                // Whatever else has this name, not more than a tail is read.
                let read = file.take(SIZE as u64).read_to_end(&mut bytes);
                read.map_err(TrackerError::read(path))?;
                Ok(Self::parse(&bytes))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let base = bytes.get(BASE..)?.first_chunk()?;
        let checksum = u32::from_le_bytes(*bytes.get(CHECKSUM..)?.first_chunk()?);
        let length = u32::from_le_bytes(*bytes.get(LENGTH..)?.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        if length == 0 {
            return None;
        }
        let lines = bytes.get(LINES..LINES.checked_add(length)?)?;
        let is_intact = crc32c::crc32c_append(crc32c::crc32c(base), lines) == checksum;
        is_intact.then(|| Self {
            base: u64::from_le_bytes(*base),
            lines: lines.to_vec(),
        })
    }

    /// The offset in the log at which the lines begin.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// The offset in the log at which the lines end.
    pub(super) const fn end(&self) -> u64 {
        self.base.saturating_add(self.lines.len() as u64)
    }

    /// The lines before the offset `offset` of the log, and those from it on.
    pub(super) fn split_at(&self, offset: u64) -> (&[u8], &[u8]) {
        let before = offset.saturating_sub(self.base);
        let before =
            usize::try_from(before).map_or(self.lines.len(), |at| at.min(self.lines.len()));
        self.lines.split_at(before)
    }
}

/// Appends to a log the lines of its tail that it does not have yet, and removes the tail. Can be
/// interrupted anywhere and repeated.
///
/// A tail that belongs beyond the end of the log is removed without effect: a power failure took
/// the lines between them.
pub(super) fn merge(log: &LogFile) -> Result<(), TrackerError> {
    let path = path(log.path());
    if let Some(tail) = OldTail::read(log.path())? {
        let length = log.length()?;
        if (tail.base()..tail.end()).contains(&length) {
            let (present, missing) = tail.split_at(length);
            if log.read_at(tail.base(), present.len())? != present {
                return Err(TrackerError::Corrupt {
                    path,
                    offset: tail.base(),
                    reason: "the log has other lines at this offset".to_owned(),
                });
            }
            log.write_at(length, missing)?;
        }
    }
    files::remove_if_present(&path)
}

fn path(log: &Path) -> PathBuf {
    log.with_extension("tail")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tail(base: u64, lines: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        let base = base.to_le_bytes();
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&base), lines);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[BASE..][..8].copy_from_slice(&base);
        bytes[CHECKSUM..][..4].copy_from_slice(&checksum.to_le_bytes());
        bytes[LENGTH..][..4].copy_from_slice(&(lines.len() as u32).to_le_bytes());
        bytes[LINES..][..lines.len()].copy_from_slice(lines);
        bytes
    }

    proptest! {
        #[test]
        fn lines_are_read(base: u64, lines in proptest::collection::vec(any::<u8>(), 1..500)) {
            let read = OldTail::parse(&tail(base, &lines)).unwrap();
            prop_assert_eq!(read, OldTail { base, lines });
        }

        #[test]
        fn arbitrary_bytes_are_not_a_tail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(OldTail::parse(&bytes), None);
            let mut bytes = [MAGIC, &bytes].concat();
            prop_assert_eq!(OldTail::parse(&bytes), None);
            bytes.resize(SIZE, 0);
            prop_assert_eq!(OldTail::parse(&bytes), None);
        }

        #[test]
        fn a_flipped_bit_is_detected(bit in 0..(LINES + 100) * 8) {
            let mut bytes = tail(70_000, &[b'x'; 100]);
            bytes[bit / 8] ^= 1 << (bit % 8);
            // The bytes between the head and the lines are not used.
            let is_used = !(LENGTH + 4..LINES).contains(&(bit / 8));
            prop_assert_eq!(OldTail::parse(&bytes).is_none(), is_used);
        }
    }

    #[test]
    fn the_log_may_have_any_part_of_the_lines() {
        let tail = OldTail::parse(&tail(10, b"abc\n")).unwrap();
        assert_eq!((tail.base(), tail.end()), (10, 14));
        for (offset, parts) in [
            (0, (&b""[..], &b"abc\n"[..])),
            (10, (b"", b"abc\n")),
            (12, (b"ab", b"c\n")),
            (14, (b"abc\n", b"")),
            (u64::MAX, (b"abc\n", b"")),
        ] {
            assert_eq!(tail.split_at(offset), parts);
        }
    }
}
