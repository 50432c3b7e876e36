//! Reads matrices that are stored column by column (Fortran order) in rows.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{FormatError, MatrixReader, scratch::ScratchRows};
use crate::npy::{NpyFile, swap};

/// Bytes of the rows that are held in memory. Each block takes one read of every column, so larger
/// blocks mean fewer and longer reads.
const BLOCK: usize = 64 << 20;

/// Calls `take` with the rows of a matrix of numbers of `size` bytes, in order, several at a time.
/// The matrix starts at `start` of `file`.
pub(super) fn read_rows(
    file: &mut File,
    start: u64,
    (rows, width): (usize, usize),
    size: usize,
    take: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    let block_rows = (BLOCK / (width * size)).clamp(1, rows);
    let mut block = vec![0; block_rows * width * size];
    let mut column = vec![0; block_rows * size];
    for first in (0..rows).step_by(block_rows) {
        let now = block_rows.min(rows - first);
        let column = &mut column[..now * size];
        for place in 0..width {
            let offset = (place as u64 * rows as u64 + first as u64) * size as u64;
            file.seek(SeekFrom::Start(start + offset))?;
            file.read_exact(column)?;
            let cells = block[place * size..].chunks_mut(width * size);
            for (number, cell) in column.chunks_exact(size).zip(cells) {
                cell[..size].copy_from_slice(number);
            }
        }
        take(&mut block[..now * width * size])?;
    }
    Ok(())
}

/// Copies the matrix of an `.npy` file to a scratch file, row by row.
pub(super) fn transpose(
    path: &Path,
    npy: NpyFile,
    scratch: &Path,
) -> Result<MatrixReader, FormatError> {
    let layout = npy.layout;
    let (shape, size) = ((layout.rows, layout.width), layout.dtype.bytes());
    let mut copied = ScratchRows::create(path, scratch)?;
    let mut file = npy.file.into_inner();
    read_rows(&mut file, npy.data_start, shape, size, &mut |numbers| {
        if layout.big_endian {
            swap(numbers, size);
        }
        copied.push(numbers)
    })
    .map_err(FormatError::unreadable(path))?;
    copied.finish(path, shape, layout.dtype)
}
