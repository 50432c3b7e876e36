//! Writes decompressed rows to an unnamed file.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use protea_hdf5::MatrixType;
use protea_ontology::compressed::scratch_error;

use super::{FormatError, MatrixReader};
use crate::npy::swap;

/// A scratch file to which rows are appended.
pub(super) struct ScratchRows {
    file: BufWriter<File>,
    scratch: PathBuf,
    bytes: u64,
}

impl ScratchRows {
    /// Creates a scratch file in the directory `scratch`. `path` is the input, for error messages.
    pub fn create(path: &Path, scratch: &Path) -> Result<Self, FormatError> {
        let file = tempfile::tempfile_in(scratch)
            .map_err(|error| FormatError::unreadable(path)(scratch_error(scratch, &error)))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, file),
            scratch: scratch.to_owned(),
            bytes: 0,
        })
    }

    /// Appends little-endian numbers.
    pub fn push(&mut self, numbers: &[u8]) -> std::io::Result<()> {
        self.bytes += numbers.len() as u64;
        self.file
            .write_all(numbers)
            .map_err(|error| scratch_error(&self.scratch, &error))
    }

    /// Appends big-endian numbers of `size` bytes each.
    pub fn push_swapped(&mut self, numbers: &[u8], size: usize) -> std::io::Result<()> {
        let mut swapped = numbers.to_vec();
        swap(&mut swapped, size);
        self.push(&swapped)
    }

    /// Returns a reader of the rows. `path` is the input, for error messages.
    pub fn finish(
        self,
        path: &Path,
        (rows, width): (usize, usize),
        dtype: MatrixType,
    ) -> Result<MatrixReader, FormatError> {
        let expected = rows as u64 * (width * dtype.bytes()) as u64;
        if self.bytes != expected {
            return Err(FormatError::matrix(
                path,
                format!(
                    "it states {rows} rows of {width} columns, but has {} bytes of numbers instead of \
                     {expected}",
                    self.bytes
                ),
                "the file is cut off or damaged: copy or save it again",
            ));
        }
        let file = self.into_file(path)?;
        MatrixReader::from_rows(path, file, 0, (rows, width), dtype)
    }

    /// Returns the file with what was appended. `path` is the input, for error messages.
    pub fn into_file(self, path: &Path) -> Result<File, FormatError> {
        self.file.into_inner().map_err(|error| {
            FormatError::unreadable(path)(scratch_error(&self.scratch, error.error()))
        })
    }
}
