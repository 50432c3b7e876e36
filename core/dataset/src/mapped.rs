//! Maps files into memory. This is the only module of the crate with `unsafe` code.
#![allow(unsafe_code)]

use std::{fs::File, io, path::Path, sync::Arc};

use arrow_buffer::Buffer;
use bytes::Bytes;
use memmap2::Mmap;
use protea_files::Links;

/// Maps a file read-only. The returned Arrow buffer owns the map. An empty file gives an empty
/// buffer.
pub(super) fn map(path: &Path) -> io::Result<Buffer> {
    // A file of a dataset may be a link: its hash is what counts.
    let file = protea_files::open(path, Links::Follow)?;
    if file.metadata()?.len() == 0 {
        return Ok(Buffer::default());
    }
    // SAFETY: the map is read-only, and the buffer owns it, so it outlives every slice of it. This
    // code cannot prevent another process from truncating or rewriting the file meanwhile. Frozen
    // datasets are published atomically by a rename, their files are read-only and protea never
    // writes them again. Nothing read from the map is trusted: offsets and strings are validated,
    // and numbers can have any bits.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Buffer::from(Bytes::from_owner(map)))
}

/// Maps a whole file that only this user can write, and that is never changed, only replaced or removed:
/// one of [`protea_files::ComputedFiles`].
///
/// # Errors
///
/// Those of the system.
pub fn map_computed(file: &File) -> io::Result<Arc<dyn AsRef<[u8]> + Send + Sync>> {
    if file.metadata()?.len() == 0 {
        return Ok(Arc::new([]));
    }
    // SAFETY: the map is read-only, and the `Arc` owns it. The file is in a directory of this user and
    // no other user can write it, as `ComputedFiles::open` has checked. protea writes such a file at
    // once under a temporary name and never opens it for writing again. Only numbers are read from the
    // map, which can have any bits.
    let map = unsafe { Mmap::map(file)? };
    Ok(Arc::new(map))
}
