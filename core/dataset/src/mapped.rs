//! Files mapped into memory: the only `unsafe` of the datasets.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

use arrow_buffer::Buffer;
use bytes::Bytes;
use memmap2::Mmap;

/// Maps a file read-only and lets an Arrow buffer own the map. An empty file makes an empty buffer.
pub(super) fn map(path: &Path) -> io::Result<Buffer> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(Buffer::default());
    }
    // SAFETY: the map is read-only and private to this process's view, and outlives every slice of it because the
    // buffer owns it. What cannot be ruled out from here is another process that shortens or rewrites the file
    // meanwhile. Frozen datasets are published whole by a rename, with read-only files that nothing here writes again,
    // and nothing read from the map is trusted: offsets and text are validated, numbers may have any bits.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Buffer::from(Bytes::from_owner(map)))
}
