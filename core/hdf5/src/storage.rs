//! Reading pieces of the file, and the numbers in them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::error::{Hdf5Error, broken};

/// Metadata comes in small pieces that mostly lie beside each other.
const WINDOW: usize = 8 << 10;
const FARTHEST: u64 = 1 << 60;

/// Little-endian numbers, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Hdf5Error> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| broken("a record is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number of `width` bytes, 1 to 8.
    pub fn uint(&mut self, width: usize) -> Result<u64, Hdf5Error> {
        if width > 8 {
            return Err(broken(format!("a number of {width} bytes")));
        }
        let bytes = self.bytes(width)?;
        Ok(bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
    }

    pub fn byte(&mut self) -> Result<u8, Hdf5Error> {
        Ok(self.bytes(1)?[0])
    }

    pub fn expect(&mut self, signature: &[u8; 4], at: u64) -> Result<(), Hdf5Error> {
        if self.bytes(4)? == signature {
            return Ok(());
        }
        let name = String::from_utf8_lossy(signature);
        Err(broken(format!("there is no {name} block at byte {at}")))
    }
}

/// The file, addressed as HDF5 does it: from its base address.
pub(super) struct Storage {
    file: File,
    base: u64,
    /// Bytes from the base on.
    len: u64,
    /// Bytes of an address.
    pub offset_size: usize,
    /// Bytes of a length.
    pub length_size: usize,
    window: Vec<u8>,
    window_at: u64,
}

impl Storage {
    pub fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self {
            file,
            base: 0,
            len,
            offset_size: 8,
            length_size: 8,
            window: Vec::new(),
            window_at: 0,
        })
    }

    pub fn rebase(&mut self, base: u64) -> Result<(), Hdf5Error> {
        self.len = (self.base + self.len)
            .checked_sub(base)
            .ok_or_else(|| broken("its base address lies outside it"))?;
        self.base = base;
        self.window.clear();
        Ok(())
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Where addresses are counted from.
    pub fn base(&self) -> u64 {
        self.base
    }

    pub fn into_file(self) -> File {
        self.file
    }

    /// A small piece of metadata, up to 64 KiB.
    pub fn small(&mut self, at: u64, count: usize) -> Result<Fields<'_>, Hdf5Error> {
        self.within(at, count as u64)?;
        let inside = at.checked_sub(self.window_at).and_then(|start| {
            let start = usize::try_from(start).ok()?;
            (start.checked_add(count)? <= self.window.len()).then_some(start)
        });
        let start = match inside {
            Some(start) => start,
            None => {
                let left = usize::try_from(self.len - at).unwrap_or(usize::MAX);
                let mut window = std::mem::take(&mut self.window);
                window.resize(count.max(WINDOW).min(left), 0);
                self.file.seek(SeekFrom::Start(self.base + at))?;
                self.file.read_exact(&mut window)?;
                self.window = window;
                self.window_at = at;
                0
            }
        };
        Ok(Fields(&self.window[start..start + count]))
    }

    /// A piece of any size, which the file is long enough for.
    pub fn read(&mut self, at: u64, count: u64, into: &mut Vec<u8>) -> Result<(), Hdf5Error> {
        self.within(at, count)?;
        if count <= WINDOW as u64 {
            into.clear();
            let found = self.small(at, count as usize)?;
            into.extend_from_slice(found.0);
            return Ok(());
        }
        into.resize(
            usize::try_from(count).map_err(|_| broken("a piece is too large"))?,
            0,
        );
        self.file.seek(SeekFrom::Start(self.base + at))?;
        self.file.read_exact(into)?;
        Ok(())
    }

    /// Whether the file has these bytes. Allocations come after this.
    pub fn within(&self, at: u64, count: u64) -> Result<(), Hdf5Error> {
        match at.checked_add(count) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(broken(format!(
                "it refers to {count} bytes at {at}, but ends at {}",
                self.len
            ))),
        }
    }

    /// An address; `None` for the one that stands for "nowhere".
    pub fn address(&self, fields: &mut Fields<'_>) -> Result<Option<u64>, Hdf5Error> {
        address(fields, self.offset_size)
    }
}

pub(super) fn address(fields: &mut Fields<'_>, size: usize) -> Result<Option<u64>, Hdf5Error> {
    let value = fields.uint(size)?;
    let nowhere = u64::MAX >> (64 - 8 * size as u32);
    match value {
        _ if value == nowhere => Ok(None),
        // So that no sum of an address and a few sizes overflows.
        0..FARTHEST => Ok(Some(value)),
        _ => Err(broken(format!("it refers to byte {value}"))),
    }
}

/// What has been visited, so that a damaged tree that leads back into itself comes to an end: a file cannot hold more
/// than its length in nodes and records.
pub(super) struct Budget(u64);

impl Budget {
    pub fn of(storage: &Storage) -> Self {
        Self(storage.len())
    }

    pub fn spend(&mut self, bytes: u64) -> Result<(), Hdf5Error> {
        self.0 = self
            .0
            .checked_sub(bytes)
            .ok_or_else(|| broken("one of its trees leads back into itself"))?;
        Ok(())
    }
}
