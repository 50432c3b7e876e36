//! What a tail holds, read as any file is.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use super::{BASE, CAPACITY, LINES, MAGIC, SIZE, STATE, checksum};
use crate::TrackerError;

/// The lines of a tail and their place in the log.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::log) struct Contents {
    base: u64,
    lines: Vec<u8>,
}

impl Contents {
    /// Reads the tail at `path`. None where there is none, where it is empty, and where it is not
    /// whole: it begins anew just now, or its machine lost power.
    pub(in crate::log) fn read(path: &Path) -> Result<Option<Self>, TrackerError> {
        let mut bytes = Vec::with_capacity(SIZE);
        let read = File::open(path).and_then(|file| {
            // Whatever else lies there, not more than a tail is read.
            file.take(SIZE as u64).read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => Ok(Self::parse(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TrackerError::read(path)(error)),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        if bytes.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        let (base, state) = (number(BASE)?, number(STATE)?);
        let length = usize::try_from(state >> 32).ok()?;
        if length == 0 || length > CAPACITY {
            return None;
        }
        let lines = bytes.get(LINES..LINES + length)?;
        let whole = u64::from(crc32c::crc32c_append(checksum(base), lines)) == state & 0xffff_ffff;
        whole.then(|| Self {
            base,
            lines: lines.to_vec(),
        })
    }

    /// Where in the log the lines begin.
    pub(in crate::log) const fn base(&self) -> u64 {
        self.base
    }

    /// Where in the log the lines end.
    pub(in crate::log) const fn end(&self) -> u64 {
        self.base.saturating_add(self.lines.len() as u64)
    }

    /// What belongs in the log before `offset`, and from it on.
    pub(in crate::log) fn split_at(&self, offset: u64) -> (&[u8], &[u8]) {
        let before = offset.saturating_sub(self.base);
        let before =
            usize::try_from(before).map_or(self.lines.len(), |at| at.min(self.lines.len()));
        self.lines.split_at(before)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::tail::state;

    fn tail(base: u64, lines: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[BASE..][..8].copy_from_slice(&base.to_le_bytes());
        let checksum = crc32c::crc32c_append(checksum(base), lines);
        bytes[STATE..][..8].copy_from_slice(&state(lines.len(), checksum).to_le_bytes());
        bytes[LINES..][..lines.len()].copy_from_slice(lines);
        bytes
    }

    proptest! {
        #[test]
        fn what_was_put_in_is_read(base: u64, lines in proptest::collection::vec(any::<u8>(), 1..500)) {
            let contents = Contents::parse(&tail(base, &lines)).unwrap();
            prop_assert_eq!(contents, Contents { base, lines });
        }

        #[test]
        fn whatever_lies_there_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Contents::parse(&bytes), None);
            let mut bytes = [&MAGIC[..], &bytes].concat();
            prop_assert_eq!(Contents::parse(&bytes), None);
            bytes.resize(SIZE, 0);
            prop_assert_eq!(Contents::parse(&bytes), None);
        }

        #[test]
        fn a_bit_that_flipped_is_seen(bit in 0..(LINES + 100) * 8) {
            let mut bytes = tail(70_000, &[b'x'; 100]);
            bytes[bit / 8] ^= 1 << (bit % 8);
            // What lies between the head and the lines counts for nothing.
            let counts = !(STATE + 8..LINES).contains(&(bit / 8));
            prop_assert_eq!(Contents::parse(&bytes).is_none(), counts);
        }
    }

    #[test]
    fn the_log_may_have_any_part_of_it() {
        let contents = Contents::parse(&tail(10, b"abc\n")).unwrap();
        assert_eq!((contents.base(), contents.end()), (10, 14));
        for (offset, parts) in [
            (0, (&b""[..], &b"abc\n"[..])),
            (10, (b"", b"abc\n")),
            (12, (b"ab", b"c\n")),
            (14, (b"abc\n", b"")),
            (u64::MAX, (b"abc\n", b"")),
        ] {
            assert_eq!(contents.split_at(offset), parts);
        }
    }
}
