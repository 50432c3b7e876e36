//! Files that appear whole or not at all: written under another name beside it, then renamed.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::ScoringError;

/// A file that is being written. Dropped before it is committed, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct AtomicFile {
    path: PathBuf,
    out: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Opens a temporary file beside `path`, readable as other new files are (by itself a temporary file is for its owner
    /// alone).
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

    /// Gives the file its name, replacing one that is there.
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

/// Writes a whole file, replacing one that is there.
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
