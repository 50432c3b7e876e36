//! Reads pieces of the file and the numbers in them.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use crate::error::{Hdf5Error, damaged};

/// Bytes read ahead. Metadata is read in small pieces that are mostly adjacent.
const WINDOW: usize = 8 << 10;
const MAX_ADDRESS: u64 = 1 << 60;

/// A cursor over little-endian numbers.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Hdf5Error> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| damaged("a record is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number of `width` bytes, 1 to 8.
    pub fn uint(&mut self, width: usize) -> Result<u64, Hdf5Error> {
        if width > 8 {
            return Err(damaged(format!("a number has {width} bytes")));
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
        Err(damaged(format!("the {name} block at byte {at} is missing")))
    }
}

/// The file. Addresses are relative to its base address, as in HDF5.
pub(super) struct Storage {
    file: File,
    base: u64,
    /// Bytes from the base address to the end of the file.
    len: u64,
    /// Size of an address in bytes.
    pub offset_size: usize,
    /// Size of a length in bytes.
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
            .ok_or_else(|| damaged("its base address is outside the file"))?;
        self.base = base;
        self.window.clear();
        Ok(())
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// The base address, in bytes from the start of the file.
    pub fn base(&self) -> u64 {
        self.base
    }

    pub fn into_file(self) -> File {
        self.file
    }

    /// Reads a small piece of metadata, up to 64 KiB.
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

    /// Reads `count` bytes at `at` into `into`, which is resized.
    pub fn read(&mut self, at: u64, count: u64, into: &mut Vec<u8>) -> Result<(), Hdf5Error> {
        self.within(at, count)?;
        if count <= WINDOW as u64 {
            into.clear();
            let found = self.small(at, count as usize)?;
            into.extend_from_slice(found.0);
            return Ok(());
        }
        into.resize(
            usize::try_from(count).map_err(|_| damaged("a piece is too large"))?,
            0,
        );
        self.file.seek(SeekFrom::Start(self.base + at))?;
        self.file.read_exact(into)?;
        Ok(())
    }

    /// Checks that the file has these bytes. Callers check before they allocate.
    pub fn within(&self, at: u64, count: u64) -> Result<(), Hdf5Error> {
        match at.checked_add(count) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(damaged(format!(
                "it refers to {count} bytes at {at}, but ends at {}",
                self.len
            ))),
        }
    }

    /// Reads an address; `None` for the undefined address.
    pub fn address(&self, fields: &mut Fields<'_>) -> Result<Option<u64>, Hdf5Error> {
        address(fields, self.offset_size)
    }
}

pub(super) fn address(fields: &mut Fields<'_>, size: usize) -> Result<Option<u64>, Hdf5Error> {
    let value = fields.uint(size)?;
    let undefined = u64::MAX >> (64 - 8 * size as u32);
    match value {
        _ if value == undefined => Ok(None),
        // The limit keeps the sum of an address and a few sizes from overflowing.
        0..MAX_ADDRESS => Ok(Some(value)),
        _ => Err(damaged(format!("it refers to byte {value}"))),
    }
}

/// A limit on the bytes visited, which stops the traversal of a damaged tree that contains a cycle:
/// nodes and records cannot take more bytes than the file has.
pub(super) struct Budget(u64);

impl Budget {
    pub fn new(storage: &Storage) -> Self {
        Self(storage.len())
    }

    pub fn spend(&mut self, bytes: u64) -> Result<(), Hdf5Error> {
        self.0 = self
            .0
            .checked_sub(bytes)
            .ok_or_else(|| damaged("one of its trees contains a cycle"))?;
        Ok(())
    }
}
