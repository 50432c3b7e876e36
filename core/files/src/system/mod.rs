//! The calls of the operating system.

use std::ffi::OsString;

use crate::FileKind;

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_state;

#[cfg(not(unix))]
pub(crate) use other::{
    Handle, data, is_private, kind_of, largest_file, local_state, lock_own, open_file,
    open_to_write, remove_flattened,
};
#[cfg(unix)]
pub(crate) use unix::{
    Handle, data, kind_of, lock_own, open_file, open_to_write, remove_flattened,
};
#[cfg(unix)]
pub(crate) use unix_state::{is_private, largest_file, local_state};

/// An entry of a directory.
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) kind: FileKind,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The bytes of the blocks that it occupies.
    pub(crate) allocated: u64,
}

/// The state of a file on this machine. It differs after every change of the content: the system sets
/// the time of the last change of the inode (`ctime`), and no program can set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileState {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    /// Seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
    /// Seconds and nanoseconds.
    pub(crate) changed: (i64, i64),
}
