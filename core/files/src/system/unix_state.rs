//! Unix: the state of files, which tells whether they have changed.

#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::{fs::File, path::Path};

use rustix::fs::Mode;

use super::FileState;

/// Whether this user owns a file and nobody else can write it.
pub(crate) fn is_private(path: &Path) -> bool {
    let writable_by_others = Mode::from_raw_mode(0o022);
    rustix::fs::lstat(path).is_ok_and(|stat| {
        stat.st_uid == rustix::process::geteuid().as_raw()
            && !Mode::from_raw_mode(stat.st_mode).intersects(writable_by_others)
    })
}

/// The most bytes that this process may write to a file.
pub(crate) fn largest_file() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    limit.current.unwrap_or(u64::MAX)
}

/// The state of a file on a file system of this machine. `None` for others, and on systems that do not
/// say which it is.
#[cfg(target_os = "linux")]
pub(crate) fn local_state(file: &File) -> Option<FileState> {
    // `linux/magic.h`: bcachefs, btrfs, ext4, F2FS, overlay, tmpfs, XFS, ZFS.
    const LOCAL: [u32; 8] = [
        0xca45_1a4e,
        0x9123_683e,
        0xef53,
        0xf2f5_2010,
        0x794c_7630,
        0x0102_1994,
        0x5846_5342,
        0x2fc1_2fc1,
    ];
    let system = u32::try_from(rustix::fs::fstatfs(file).ok()?.f_type).ok()?;
    if !LOCAL.contains(&system) {
        return None;
    }
    let metadata = file.metadata().ok()?;
    Some(FileState {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The state of a file on a file system of this machine.
#[cfg(not(target_os = "linux"))]
pub(crate) fn local_state(_: &File) -> Option<FileState> {
    None
}
