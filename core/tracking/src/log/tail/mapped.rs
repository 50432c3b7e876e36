//! A tail that this process writes, mapped into memory: all that is `unsafe` in this crate.

#![allow(unsafe_code, reason = "a mapping is memory that the file system lends")]

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering, fence},
};

use memmap2::{MmapMut, MmapOptions};

use super::{BASE, CAPACITY, LINES, MAGIC, SIZE, STATE, checksum, state};

/// The tail of a log that this process holds the lock of.
#[derive(Debug)]
pub(in crate::log) struct MappedTail {
    map: MmapMut,
    length: usize,
    checksum: u32,
}

impl MappedTail {
    /// Makes the tail at `path`, empty, for lines that belong in the log at `base`.
    ///
    /// An error says that there can be none: the file system does not promise that what is stored in a
    /// mapping finds room, or has none left.
    pub(in crate::log) fn create(path: &Path, base: u64) -> io::Result<Self> {
        Self::try_create(path, base).inspect_err(|_| {
            // One that cannot be removed is empty, and the next opening tries again.
            let _ = fs::remove_file(path);
        })
    }

    fn try_create(path: &Path, base: u64) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        room::reserve(&file, SIZE as u64)?;
        // SAFETY: The file is `SIZE` bytes long. Who stores to it or changes its length holds the lock
        // of the log, as this process does for as long as there is a `MappedTail`; others only read it
        // as a file, and its name, not the file, is removed at the end. That its blocks are reserved
        // keeps a store from failing on a full disk.
        let map = unsafe { MmapOptions::new().len(SIZE).map_mut(&file)? };
        let mut tail = Self {
            map,
            length: 0,
            checksum: 0,
        };
        tail.restart(base);
        tail.map[..MAGIC.len()].copy_from_slice(&MAGIC);
        Ok(tail)
    }

    /// How many bytes it can take.
    pub(in crate::log) const fn room(&self) -> usize {
        CAPACITY - self.length
    }

    /// The lines in it.
    pub(in crate::log) fn lines(&self) -> &[u8] {
        &self.map[LINES..LINES + self.length]
    }

    /// Appends lines, no longer than there is room.
    pub(in crate::log) fn push(&mut self, lines: &[u8]) {
        let begin = LINES + self.length;
        self.map[begin..begin + lines.len()].copy_from_slice(lines);
        self.length += lines.len();
        self.checksum = crc32c::crc32c_append(self.checksum, lines);
        // The lines are there before the word that counts them.
        let state = state(self.length, self.checksum);
        self.word(STATE).store(state.to_le(), Ordering::Release);
    }

    /// Begins anew, empty: the log has what was in it, and ends at `base`.
    pub(in crate::log) fn restart(&mut self, base: u64) {
        self.word(STATE).store(0, Ordering::Relaxed);
        // Nothing of what follows is there before the tail is empty.
        fence(Ordering::SeqCst);
        self.word(BASE).store(base.to_le(), Ordering::Relaxed);
        self.length = 0;
        self.checksum = checksum(base);
    }

    /// A word of the head, which is written in one piece.
    fn word(&mut self, at: usize) -> &AtomicU64 {
        let bytes = self.map[at..at + size_of::<u64>()].as_mut_ptr();
        // SAFETY: A mapping begins at a page, so `BASE` and `STATE` are aligned to eight bytes; the
        // slice has eight. The borrow of `self` keeps the mapping, and keeps others from it.
        unsafe { AtomicU64::from_ptr(bytes.cast()) }
    }
}

#[cfg(target_os = "linux")]
mod room {
    use std::{fs::File, io};

    use rustix::fs::{FallocateFlags, fallocate, fstatfs};

    /// ext2 to ext4, XFS, tmpfs, overlayfs: they keep what they reserved for a file, also when it is
    /// stored to again and again. Where every store may want new blocks (Btrfs, ZFS), or a server
    /// decides (NFS, FUSE), a full disk would end the process.
    const KEEPING: [u64; 4] = [0xef53, 0x5846_5342, 0x0102_1994, 0x794c_7630];

    /// Makes the file so long, with blocks of its own.
    pub(super) fn reserve(file: &File, length: u64) -> io::Result<()> {
        // The type of the number differs between architectures; the magic numbers have 32 bits.
        let system = fstatfs(file)?.f_type as u64 & 0xffff_ffff;
        if !KEEPING.contains(&system) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(fallocate(file, FallocateFlags::empty(), 0, length)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod room {
    use std::{fs::File, io};

    /// What other systems promise was not seen by anyone who tests this.
    pub(super) fn reserve(_file: &File, _length: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
