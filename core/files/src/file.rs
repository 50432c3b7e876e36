//! Single files by path.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use crate::{
    FileKind, FilesError,
    access::{Access, Links},
    system,
};

/// The largest document of a workspace or a run in bytes: a manifest, a state point, a cursor.
pub const LARGEST_DOCUMENT: u64 = 64 << 20;

/// Opens a regular file for writing, and creates it if it is missing. Never writes through a link.
///
/// # Errors
///
/// [`FilesError::NotRegular`], [`FilesError::SymbolicLink`], [`FilesError::Write`].
pub fn open_to_write(path: &Path, access: Access) -> Result<File, FilesError> {
    let file = system::open_to_write(path, access)?;
    if access == Access::Replace {
        file.set_len(0).map_err(FilesError::write(path))?;
    }
    Ok(file)
}

/// Writes `content` to the file at `path` as [`Access::Replace`] does.
///
/// # Errors
///
/// As [`open_to_write`].
pub fn write(path: &Path, content: &[u8]) -> Result<(), FilesError> {
    open_to_write(path, Access::Replace)?
        .write_all(content)
        .map_err(FilesError::write(path))
}

/// Opens a regular file for reading. Does not block, whatever is there.
///
/// # Errors
///
/// [`FilesError::NotRegular`], [`FilesError::SymbolicLink`], [`FilesError::Read`].
pub fn open(path: &Path, links: Links) -> Result<File, FilesError> {
    system::open_file(path, links)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
///
/// As [`open`]; [`FilesError::TooLarge`].
pub fn read(path: &Path, links: Links, limit: u64) -> Result<Vec<u8>, FilesError> {
    bounded(open(path, links)?, path, limit)
}

/// [`read`] as text.
///
/// # Errors
///
/// As [`read`]; [`FilesError::Read`] if it is not UTF-8.
pub fn read_text(path: &Path, links: Links, limit: u64) -> Result<String, FilesError> {
    text(read(path, links, limit)?, path)
}

/// Reads a document that protea writes itself: a regular file of at most [`LARGEST_DOCUMENT`] bytes,
/// not a link.
///
/// # Errors
///
/// As [`read`].
pub fn read_document(path: &Path) -> Result<Vec<u8>, FilesError> {
    read(path, Links::Refuse, LARGEST_DOCUMENT)
}

/// [`read_document`] as text.
///
/// # Errors
///
/// As [`read_text`].
pub fn read_document_text(path: &Path) -> Result<String, FilesError> {
    text(read_document(path)?, path)
}

/// Whether `path` is a regular file, not a link to one.
#[must_use]
pub fn is_regular(path: &Path) -> bool {
    system::kind_of(path, Links::Refuse).is_ok_and(|kind| kind == FileKind::File)
}

/// Whether `path` is a directory, not a link to one.
#[must_use]
pub fn is_directory(path: &Path) -> bool {
    system::kind_of(path, Links::Refuse).is_ok_and(|kind| kind == FileKind::Directory)
}

pub(crate) fn bounded(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
    let too_large = || FilesError::TooLarge {
        path: path.to_owned(),
        limit,
    };
    let length = file.metadata().map_err(FilesError::read(path))?.len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    // The file may grow while it is read.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(FilesError::read(path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>, path: &Path) -> Result<String, FilesError> {
    String::from_utf8(bytes).map_err(|error| {
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error());
        FilesError::read(path)(error)
    })
}
