//! A directory, and the files below it.

use std::{
    fs::File,
    path::{Component, Path, PathBuf},
};

use crate::{FilesError, Links, file::bounded, system::Handle};

/// An open directory whose content another program may have written. Files below it are opened
/// relative to it, so that neither a link nor `..` in a path leads out of it.
#[derive(Debug)]
pub struct Directory {
    pub(crate) handle: Handle,
    path: PathBuf,
}

impl Directory {
    /// Opens the directory at `path`.
    ///
    /// # Errors
    ///
    /// [`FilesError::NotDirectory`], [`FilesError::SymbolicLink`], [`FilesError::Read`].
    pub fn open(path: &Path, links: Links) -> Result<Self, FilesError> {
        Ok(Self {
            handle: Handle::open(path, links)?,
            path: path.to_owned(),
        })
    }

    /// Its path, as it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the regular file at a relative path for reading.
    ///
    /// # Errors
    ///
    /// [`FilesError::Outside`] for an absolute path or one with `..`; [`FilesError::SymbolicLink`]
    /// if any part of it is a link; [`FilesError::NotRegular`]; [`FilesError::Read`].
    pub fn open_file(&self, relative: &Path) -> Result<File, FilesError> {
        let full = self.path.join(relative);
        let outside = || FilesError::Outside { path: full.clone() };
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let name = relative.file_name().ok_or_else(outside)?;
        if !relative.components().all(plain) {
            return Err(outside());
        }
        match relative
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
        {
            Some(above) => self
                .handle
                .subdirectory(above, &self.path.join(above))?
                .open_file(name, &full),
            None => self.handle.open_file(name, &full),
        }
    }

    /// Reads the regular file at a relative path, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`open_file`](Self::open_file); [`FilesError::TooLarge`].
    pub fn read(&self, relative: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
        let file = self.open_file(relative)?;
        bounded(file, &self.path.join(relative), limit)
    }
}
