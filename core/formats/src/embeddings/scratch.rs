//! Rows unpacked into a file without a name.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use protea_hdf5::MatrixType;

use super::{FormatError, MatrixReader};
use protea_ontology::compressed::unpacking;

/// A scratch file that fills with rows.
pub(super) struct ScratchRows {
    file: BufWriter<File>,
    scratch: PathBuf,
    bytes: u64,
}

impl ScratchRows {
    /// For the rows of the file `path`.
    pub fn create(path: &Path, scratch: &Path) -> Result<Self, FormatError> {
        let file = tempfile::tempfile_in(scratch)
            .map_err(|error| FormatError::unreadable(path)(unpacking(scratch, &error)))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, file),
            scratch: scratch.to_owned(),
            bytes: 0,
        })
    }

    /// Adds little-endian numbers.
    pub fn push(&mut self, numbers: &[u8]) -> std::io::Result<()> {
        self.bytes += numbers.len() as u64;
        self.file
            .write_all(numbers)
            .map_err(|error| unpacking(&self.scratch, &error))
    }

    /// Adds numbers of either byte order, `size` bytes each.
    pub fn push_swapped(&mut self, numbers: &[u8], size: usize) -> std::io::Result<()> {
        let mut swapped = numbers.to_vec();
        swap(&mut swapped, size);
        self.push(&swapped)
    }

    /// The rows, which are called `path` in messages.
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
                    "it promises {rows} rows of {width} columns, but has {} bytes of numbers instead of {expected}",
                    self.bytes
                ),
                "the file is cut off or damaged: copy or save it again",
            ));
        }
        let file = self.file.into_inner().map_err(|error| {
            FormatError::unreadable(path)(unpacking(&self.scratch, error.error()))
        })?;
        MatrixReader::of_rows(path, file, 0, (rows, width), dtype)
    }
}

/// Turns the bytes of each number around.
pub(super) fn swap(numbers: &mut [u8], size: usize) {
    for number in numbers.chunks_exact_mut(size) {
        number.reverse();
    }
}
