//! Systems without directories as handles: paths are checked before they are opened.

use std::{
    ffi::OsStr,
    fs::{self, File, FileType},
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{Entry, FileState};
use crate::{Access, FileKind, FilesError, Links};

#[derive(Debug)]
pub(crate) struct Handle(PathBuf);

fn kind(file_type: FileType) -> FileKind {
    if file_type.is_symlink() {
        FileKind::Link
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

/// Unknown here, so it counts as no.
pub(crate) fn is_private(_: &Path) -> bool {
    false
}

/// Unknown here.
pub(crate) fn largest_file() -> u64 {
    u64::MAX
}

/// Unknown here.
pub(crate) fn local_state(_: &File) -> Option<FileState> {
    None
}

pub(crate) fn kind_of(path: &Path, links: Links) -> Result<FileKind, FilesError> {
    let metadata = match links {
        Links::Follow => fs::metadata(path),
        Links::Refuse => fs::symlink_metadata(path),
    };
    Ok(kind(metadata.map_err(FilesError::read(path))?.file_type()))
}

pub(crate) fn open_file(path: &Path, links: Links) -> Result<File, FilesError> {
    let path_buf = || path.to_owned();
    match kind_of(path, links)? {
        FileKind::File => File::open(path).map_err(FilesError::read(path)),
        FileKind::Link => Err(FilesError::SymbolicLink { path: path_buf() }),
        kind => Err(FilesError::NotRegular {
            path: path_buf(),
            kind,
        }),
    }
}

pub(crate) fn open_to_write(path: &Path, access: Access) -> Result<File, FilesError> {
    match kind_of(path, Links::Refuse) {
        Ok(FileKind::File) => {}
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(FilesError::write(path)(error)),
        Ok(FileKind::Link) => {
            return Err(FilesError::SymbolicLink {
                path: path.to_owned(),
            });
        }
        Ok(kind) => {
            return Err(FilesError::NotRegular {
                path: path.to_owned(),
                kind,
            });
        }
    }
    let mut options = File::options();
    match access {
        Access::Append => options.append(true),
        Access::Update | Access::Replace => options.read(true).write(true),
    };
    options
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(FilesError::write(path))
}

/// The bytes of a file that are not holes, if the system reports them.
pub(crate) fn data(_: &File) -> Option<u64> {
    None
}

pub(crate) fn remove_flattened(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

impl Handle {
    pub(crate) fn open(path: &Path, links: Links) -> Result<Self, FilesError> {
        match kind_of(path, links)? {
            FileKind::Directory => Ok(Self(path.to_owned())),
            FileKind::Link => Err(FilesError::SymbolicLink {
                path: path.to_owned(),
            }),
            kind => Err(FilesError::NotDirectory {
                path: path.to_owned(),
                kind,
            }),
        }
    }

    pub(crate) fn subdirectory(&self, relative: &Path, full: &Path) -> Result<Self, FilesError> {
        let mut path = self.0.clone();
        for part in relative.iter() {
            path.push(part);
            if kind_of(&path, Links::Refuse)? == FileKind::Link {
                return Err(FilesError::SymbolicLink {
                    path: full.to_owned(),
                });
            }
        }
        Self::open(&path, Links::Refuse)
    }

    pub(crate) fn open_file(&self, name: &OsStr, _full: &Path) -> Result<File, FilesError> {
        open_file(&self.0.join(name), Links::Refuse)
    }

    pub(crate) fn for_each(
        &self,
        full: &Path,
        each: &mut dyn FnMut(&Entry) -> Result<ControlFlow<()>, FilesError>,
    ) -> Result<ControlFlow<()>, FilesError> {
        for entry in fs::read_dir(&self.0).map_err(FilesError::read(full))? {
            let entry = entry.map_err(FilesError::read(full))?;
            let metadata = match entry.path().symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(FilesError::read(full))?,
            };
            let found = Entry {
                name: entry.file_name(),
                kind: kind(metadata.file_type()),
                bytes: metadata.len(),
                allocated: metadata.len(),
            };
            if each(&found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// No locks of directories here.
pub(crate) fn lock_own(_: &Path, _: std::time::Duration) -> Option<File> {
    None
}
