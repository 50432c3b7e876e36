//! A file that one process at a time writes.

use std::{
    fs::File,
    io::{BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use protea_files::Access;

use crate::{RunId, TrackerError, files};

/// A file that is locked by this process. Writes are buffered and reach the file as one piece.
#[derive(Debug)]
pub(crate) struct ExclusiveFile {
    path: PathBuf,
    file: File,
    /// Length of the file in bytes.
    length: u64,
    /// What is to be written from the offset `base` on.
    buffer: Vec<u8>,
    base: u64,
}

impl ExclusiveFile {
    /// Opens and locks the file of a run at `path`. Creates it if it does not exist.
    ///
    /// Fails with [`TrackerError::Busy`] if another process has it locked.
    pub(crate) fn open(path: PathBuf, run_id: &RunId, backend: &str) -> Result<Self, TrackerError> {
        let file = protea_files::open_to_write(&path, Access::Update)
            .map_err(|error| TrackerError::write(&path)(error.into()))?;
        files::lock(&file, &path, || TrackerError::Busy {
            run_id: run_id.clone(),
            backend: backend.to_owned(),
        })?;
        let length = file.metadata().map_err(TrackerError::read(&path))?.len();
        Ok(Self {
            path,
            file,
            length,
            buffer: Vec::new(),
            base: length,
        })
    }

    /// A reader from the beginning of the file. What is buffered is not in it.
    pub(crate) fn reader(&self) -> Result<BufReader<&File>, TrackerError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .map_err(TrackerError::read(&self.path))?;
        Ok(BufReader::with_capacity(32 << 10, file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The offset of the end of the file once the buffer is written.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// Whether [`flush`](Self::flush) would change the file.
    pub(crate) fn is_changed(&self) -> bool {
        !self.buffer.is_empty() || self.end() != self.length
    }

    /// Discards everything from the offset `end` on.
    pub(crate) fn rewind(&mut self, end: u64) {
        match end.checked_sub(self.base) {
            // At most the length of the buffer, so it fits into a usize.
            Some(kept) => self.buffer.truncate(kept as usize),
            None => {
                self.base = end;
                self.buffer.clear();
            }
        }
    }

    /// The buffer, to append to.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), TrackerError> {
        let end = self.end();
        let write = |error| TrackerError::write(&self.path)(error);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.base)).map_err(write)?;
        file.write_all(&self.buffer).map_err(write)?;
        if end < self.length {
            file.set_len(end).map_err(write)?;
        }
        self.buffer.clear();
        self.base = end;
        self.length = end;
        Ok(())
    }
}

impl Drop for ExclusiveFile {
    fn drop(&mut self) {
        files::unlock(&self.file);
    }
}
