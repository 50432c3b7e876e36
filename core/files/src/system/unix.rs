//! Unix: files are opened relative to directories, and checked once they are open.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    ops::ControlFlow,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::Path,
    time::Duration,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use super::Entry;
use crate::{Access, FileKind, FilesError, Links, Lock, lock_within};

/// Never blocks, never becomes the controlling terminal, never outlives this program.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// An open directory.
#[derive(Debug)]
pub(crate) struct Handle(OwnedFd);

fn kind(stat: &Stat) -> FileKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Pipe,
        FileType::Socket => FileKind::Socket,
        FileType::CharacterDevice | FileType::BlockDevice => FileKind::Device,
        _ => FileKind::Other,
    }
}

fn at_flags(links: Links) -> AtFlags {
    match links {
        Links::Follow => AtFlags::empty(),
        Links::Refuse => AtFlags::SYMLINK_NOFOLLOW,
    }
}

fn open_flags(links: Links) -> OFlags {
    match links {
        Links::Follow => OFlags::empty(),
        Links::Refuse => OFlags::NOFOLLOW,
    }
}

pub(crate) fn kind_of(path: &Path, links: Links) -> Result<FileKind, FilesError> {
    let stat = rustix::fs::statat(CWD, path, at_flags(links)).map_err(FilesError::read(path))?;
    Ok(kind(&stat))
}

pub(crate) fn open_file(path: &Path, links: Links) -> Result<File, FilesError> {
    open_file_at(&CWD, path.as_os_str(), links, path)
}

/// Looks before opening, as opening a device can have effects, and again at what was opened, as it
/// may have been replaced in between.
fn open_file_at(
    directory: &impl std::os::fd::AsFd,
    name: &OsStr,
    links: Links,
    full: &Path,
) -> Result<File, FilesError> {
    let is_file = |stat: &Stat| match kind(stat) {
        FileKind::File => Ok(()),
        FileKind::Link => Err(link(full)),
        kind => Err(FilesError::NotRegular {
            path: full.to_owned(),
            kind,
        }),
    };
    let before = rustix::fs::statat(directory, name, at_flags(links));
    is_file(&before.map_err(FilesError::read(full))?)?;
    let opened = rustix::fs::openat(directory, name, FILE | open_flags(links), Mode::empty());
    let opened = opened.map_err(|error| match error {
        Errno::LOOP => link(full),
        error => FilesError::read(full)(error),
    })?;
    is_file(&rustix::fs::fstat(&opened).map_err(FilesError::read(full))?)?;
    Ok(opened.into())
}

/// The bytes of a file that are not holes, if the system reports them. Counts the first thousand
/// pieces of data; a file with more is not a trick.
pub(crate) fn data(file: &File) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{SeekFrom, seek};
        let (mut at, mut data) = (0, 0);
        for _ in 0..1000 {
            let begin = match seek(file, SeekFrom::Data(at)) {
                Err(Errno::NXIO) => return Some(data),
                begin => begin.ok()?,
            };
            at = seek(file, SeekFrom::Hole(begin)).ok()?;
            data += at - begin;
        }
        None
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        None
    }
}

pub(crate) fn open_to_write(path: &Path, access: Access) -> Result<File, FilesError> {
    let how = match access {
        Access::Append => OFlags::WRONLY | OFlags::APPEND,
        Access::Update | Access::Replace => OFlags::RDWR,
    };
    let not_regular = |kind| FilesError::NotRegular {
        path: path.to_owned(),
        kind,
    };
    match kind_of(path, Links::Refuse) {
        Ok(FileKind::File) => {}
        Ok(FileKind::Link) => return Err(link(path)),
        Ok(kind) => return Err(not_regular(kind)),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(FilesError::write(path)(error)),
    }
    let safe = OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = how | safe | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, path, flags, Mode::from_raw_mode(0o666));
    let opened = opened.map_err(|error| match error {
        Errno::LOOP => link(path),
        error => FilesError::write(path)(error),
    })?;
    match kind(&rustix::fs::fstat(&opened).map_err(FilesError::write(path))?) {
        FileKind::File => Ok(opened.into()),
        kind => Err(not_regular(kind)),
    }
}

fn link(full: &Path) -> FilesError {
    FilesError::SymbolicLink {
        path: full.to_owned(),
    }
}

impl Handle {
    pub(crate) fn open(path: &Path, links: Links) -> Result<Self, FilesError> {
        open_directory_at(&CWD, path.as_os_str(), links, path)
    }

    /// Opens a directory below this one. No part of `relative` may be a link or `..`.
    pub(crate) fn subdirectory(&self, relative: &Path, full: &Path) -> Result<Self, FilesError> {
        #[cfg(target_os = "linux")]
        if let Some(opened) = beneath::open(&self.0, relative, full) {
            return opened;
        }
        let mut opened: Option<Self> = None;
        for part in relative.iter() {
            let above = opened.as_ref().map_or(&self.0, |handle| &handle.0);
            opened = Some(open_directory_at(above, part, Links::Refuse, full)?);
        }
        opened.ok_or_else(|| FilesError::Outside {
            path: full.to_owned(),
        })
    }

    pub(crate) fn open_file(&self, name: &OsStr, full: &Path) -> Result<File, FilesError> {
        open_file_at(&self.0, name, Links::Refuse, full)
    }

    pub(crate) fn for_each(
        &self,
        full: &Path,
        each: &mut dyn FnMut(&Entry) -> Result<ControlFlow<()>, FilesError>,
    ) -> Result<ControlFlow<()>, FilesError> {
        let mut entries = Dir::read_from(&self.0).map_err(FilesError::read(full))?;
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(FilesError::read(full))?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let stat = match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                // Removed since it was listed.
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(FilesError::read(full))?,
            };
            let found = Entry {
                name: OsStr::from_bytes(name.to_bytes()).to_owned(),
                kind: kind(&stat),
                bytes: u64::try_from(stat.st_size).unwrap_or_default(),
                // In units of 512 bytes on every system.
                allocated: u64::try_from(stat.st_blocks)
                    .unwrap_or_default()
                    .saturating_mul(512),
            };
            if each(&found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn open_directory_at(
    directory: &impl std::os::fd::AsFd,
    name: &OsStr,
    links: Links,
    full: &Path,
) -> Result<Handle, FilesError> {
    let opened = rustix::fs::openat(
        directory,
        name,
        DIRECTORY | open_flags(links),
        Mode::empty(),
    );
    opened.map(Handle).map_err(|error| match error {
        Errno::LOOP => link(full),
        // What a link is to a call that wants a directory and no link.
        Errno::NOTDIR => match rustix::fs::statat(directory, name, at_flags(links)) {
            Ok(stat) if kind(&stat) == FileKind::Link => link(full),
            Ok(stat) if kind(&stat) != FileKind::Directory => FilesError::NotDirectory {
                path: full.to_owned(),
                kind: kind(&stat),
            },
            _ => FilesError::read(full)(error),
        },
        error => FilesError::read(full)(error),
    })
}

/// `openat2`, which Linux has since 5.6. The kernel itself checks every part of the path.
#[cfg(target_os = "linux")]
mod beneath {
    use std::{
        os::fd::OwnedFd,
        path::Path,
        sync::atomic::{AtomicBool, Ordering},
    };

    use rustix::{
        fs::{Mode, ResolveFlags},
        io::Errno,
    };

    use super::{DIRECTORY, Handle, link};
    use crate::FilesError;

    static UNSUPPORTED: AtomicBool = AtomicBool::new(false);

    /// None if the kernel, or a filter of system calls around this program, does not have the call.
    pub(super) fn open(
        directory: &OwnedFd,
        relative: &Path,
        full: &Path,
    ) -> Option<Result<Handle, FilesError>> {
        if UNSUPPORTED.load(Ordering::Relaxed) {
            return None;
        }
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(directory, relative, DIRECTORY, Mode::empty(), resolve) {
            Ok(opened) => Some(Ok(Handle(opened))),
            Err(Errno::LOOP) => Some(Err(link(full))),
            Err(Errno::XDEV) => Some(Err(FilesError::Outside {
                path: full.to_owned(),
            })),
            // Filters answer with either.
            Err(Errno::NOSYS | Errno::PERM) => {
                UNSUPPORTED.store(true, Ordering::Relaxed);
                None
            }
            // The general way finds out which part it is.
            Err(Errno::NOTDIR) => None,
            Err(error) => Some(Err(FilesError::read(full)(error))),
        }
    }
}

/// Removes a directory by moving what is in its subdirectories up, level by level.
pub(crate) fn remove_flattened(path: &Path) -> io::Result<()> {
    let root = rustix::fs::openat(CWD, path, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
    let mut moved = 0_u64;
    let mut attempts = 0;
    loop {
        let found = empty(&root)?;
        if found.is_empty() {
            match rustix::fs::unlinkat(CWD, path, AtFlags::REMOVEDIR) {
                // A listing may miss entries while others are removed.
                Err(Errno::NOTEMPTY) if attempts < ATTEMPTS => attempts += 1,
                result => return Ok(result?),
            }
        }
        for name in found {
            let flags = DIRECTORY | OFlags::NOFOLLOW;
            let inner = rustix::fs::openat(&root, &*name, flags, Mode::empty())?;
            for below in empty(&inner)? {
                loop {
                    moved += 1;
                    let to = format!(".removing-{moved}");
                    match rename(&inner, &below, &root, &to) {
                        Err(Errno::EXIST) => {}
                        result => break result?,
                    }
                }
            }
            drop(inner);
            match rustix::fs::unlinkat(&root, &*name, AtFlags::REMOVEDIR) {
                Err(Errno::NOTEMPTY) if attempts < ATTEMPTS => attempts += 1,
                result => result?,
            }
        }
    }
}

/// How often a directory that should be empty may turn out not to be.
const ATTEMPTS: u32 = 1000;

fn rename(from: &OwnedFd, name: &OsStr, to: &OwnedFd, other: &str) -> Result<(), Errno> {
    #[cfg(target_os = "linux")]
    {
        rustix::fs::renameat_with(from, name, to, other, rustix::fs::RenameFlags::NOREPLACE)
    }
    #[cfg(not(target_os = "linux"))]
    {
        if rustix::fs::statat(to, other, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(Errno::EXIST);
        }
        rustix::fs::renameat(from, name, to, other)
    }
}

/// Removes what is not a directory, and returns the names of the directories.
fn empty(directory: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut directories = Vec::new();
    let mut entries = Dir::read_from(directory)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            // Linux says the one, POSIX and macOS the other.
            Err(Errno::ISDIR | Errno::PERM) => {
                directories.push(OsStr::from_bytes(name.to_bytes()).to_owned());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(directories)
}

/// Locks a regular file or a directory of this user, and follows no link. `None` where that cannot be,
/// and if another process holds the lock for at least this long.
pub(crate) fn lock_own(path: &Path, most: Duration) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let stat = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let is_own = stat.st_uid == rustix::process::geteuid().as_raw();
    if !is_own || !matches!(kind(&stat), FileKind::File | FileKind::Directory) {
        return None;
    }
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()?);
    let opened = rustix::fs::fstat(&file).ok()?;
    if (opened.st_dev, opened.st_ino) != (stat.st_dev, stat.st_ino) {
        return None;
    }
    lock_within(&file, Lock::Exclusive, most).ok()?;
    // It may have been removed, and its name given to another, before it was locked.
    let now = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    ((now.st_dev, now.st_ino) == (stat.st_dev, stat.st_ino)).then_some(file)
}
