//! A file that one process at a time writes.

use std::{
    fs::{File, TryLockError},
    io::{BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::TrackerError;

/// A file that this process alone writes, in pieces that are whole or not there.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// What is to be written, from `base` on.
    buffer: Vec<u8>,
    base: u64,
}

impl OwnedFile {
    /// Opens the file of a run at `path`, made if it is not there.
    pub(crate) fn open(path: PathBuf, run_id: &str, backend: &str) -> Result<Self, TrackerError> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(TrackerError::write(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(TrackerError::Busy {
                    run_id: run_id.to_owned(),
                    backend: backend.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(TrackerError::write(&path)(error)),
        }
        let length = file.metadata().map_err(TrackerError::read(&path))?.len();
        Ok(Self {
            path,
            file,
            length,
            buffer: Vec::new(),
            base: length,
        })
    }

    /// Reads it from the beginning.
    pub(crate) fn read(&self) -> Result<BufReader<&File>, TrackerError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .map_err(TrackerError::read(&self.path))?;
        Ok(BufReader::with_capacity(32 << 10, file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it ends, with what is to be written.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// Whether there is something to write.
    pub(crate) fn is_changed(&self) -> bool {
        !self.buffer.is_empty() || self.end() != self.length
    }

    /// Takes back what is at `end` and after it.
    pub(crate) fn rewind(&mut self, end: u64) {
        match end.checked_sub(self.base) {
            // No more than the buffer has.
            Some(kept) => self.buffer.truncate(kept as usize),
            None => {
                self.base = end;
                self.buffer.clear();
            }
        }
    }

    /// What is to be written, for more to be appended.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what was appended, in one piece.
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

impl Drop for OwnedFile {
    fn drop(&mut self) {
        // Closing alone would leave it locked as long as a child that was just forked has it too.
        let _ = self.file.unlock();
    }
}
