//! The calls of the operating system.

use std::ffi::OsString;

use crate::FileKind;

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{
    Handle, data, kind_of, lock_own, open_file, open_to_write, remove_flattened,
};
#[cfg(unix)]
pub(crate) use unix::{
    Handle, data, kind_of, lock_own, open_file, open_to_write, remove_flattened,
};

/// An entry of a directory.
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) kind: FileKind,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The bytes of the blocks that it occupies.
    pub(crate) allocated: u64,
}
