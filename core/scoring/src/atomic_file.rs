//! Atomic file writes: write a temporary file in the same directory, then rename it.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::error::ScoringError;

/// A file that is being written. If it is dropped before [`commit`](Self::commit), the temporary
/// file is removed.
#[derive(Debug)]
pub(super) struct AtomicFile {
    path: PathBuf,
    out: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Opens a temporary file in the directory of `path`, with the usual permissions of new files
    /// (the default for temporary files is access by the owner only).
    pub fn create(path: &Path) -> io::Result<Self> {
        let directory = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::with_capacity(1 << 17, builder.tempfile_in(directory)?),
        })
    }

    /// Renames the temporary file to `path`, replacing an existing file.
    pub fn commit(self) -> io::Result<()> {
        self.out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .persist(self.path)
            .map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a whole file, replacing an existing one.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ScoringError> {
    let write = || -> io::Result<()> {
        let mut file = AtomicFile::create(path)?;
        file.write_all(bytes)?;
        file.commit()
    };
    write().map_err(|source| ScoringError::Write {
        file: path.display().to_string(),
        source,
    })
}
