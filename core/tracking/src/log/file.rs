//! The file of a log, locked by this process and written at known positions.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use protea_files::Access;

use crate::{TrackerError, files};

/// The file of a log. At most one exists for a file, over all processes.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// Opens and locks the file at `path`. Creates it and its directory if they do not exist.
    pub(super) fn open(path: PathBuf) -> Result<Self, TrackerError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(TrackerError::write(directory))?;
        }
        let file = protea_files::open_to_write(&path, Access::Update)
            .map_err(|error| TrackerError::write(&path)(error.into()))?;
        files::lock(&file, &path, || TrackerError::InUse {
            run_id: files::run_id_of(&path),
        })?;
        Ok(Self { path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> Result<u64, TrackerError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(TrackerError::read(&self.path))?.len())
    }

    /// Reads exactly `length` bytes from `offset` on.
    pub(super) fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, TrackerError> {
        let mut bytes = vec![0; length];
        at::read(&self.file, &mut bytes, offset).map_err(TrackerError::read(&self.path))?;
        Ok(bytes)
    }

    /// Writes at `offset`, which must be the end of the file. After an error the file is as before.
    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), TrackerError> {
        at::write(&self.file, bytes, offset).map_err(|error| {
            // If this fails too, the next write overwrites the remains, or the next opening cuts
            // them off.
            let _ = self.file.set_len(offset);
            TrackerError::write(&self.path)(error)
        })
    }

    /// Cuts the file off after `length` bytes.
    pub(super) fn truncate(&self, length: u64) -> Result<(), TrackerError> {
        let result = self.file.set_len(length);
        result.map_err(TrackerError::write(&self.path))
    }

    /// Waits until the disk has what was written.
    pub(super) fn synchronise(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Lets other processes open the log.
    pub(super) fn unlock(&self) {
        files::unlock(&self.file);
    }

    /// The offset after the last line break before `end`; 0 if there is none.
    pub(super) fn line_begin(&self, end: u64) -> Result<u64, TrackerError> {
        const BLOCK: u64 = 8192;
        let mut to = end;
        while to > 0 {
            let from = to.saturating_sub(BLOCK);
            // At most a block, so it fits into a usize.
            let block = self.read_at(from, (to - from) as usize)?;
            if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
                return Ok(from + at as u64 + 1);
            }
            to = from;
        }
        Ok(0)
    }
}

#[cfg(unix)]
mod at {
    use std::{fs::File, io, os::unix::fs::FileExt};

    pub(super) fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(bytes, offset)
    }

    pub(super) fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }
}

#[cfg(not(unix))]
mod at {
    use std::{
        fs::File,
        io::{self, Read, Seek, SeekFrom, Write},
    };

    pub(super) fn read(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }

    pub(super) fn write(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}
