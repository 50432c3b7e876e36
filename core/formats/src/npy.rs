//! Reads matrices in NumPy's `.npy` format row by row.
//!
//! We wrote our own reader because we read rows in any order in constant memory: `ndarray-npy`
//! loads the whole matrix (or maps it, which needs `unsafe` and an aligned file), and `npyz` only
//! streams from the start. Format:
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use half::f16;
use protea_hdf5::MatrixType;
use protea_ontology::compressed::open_input;

use super::{
    error::FormatError,
    npy_header::{Header, MatrixLayout},
    partial_read::read_up_to,
};

/// Largest accepted number of columns of an embedding. Protein language models have 300 to 15,000.
pub const WIDEST: usize = 1 << 20;
const BUFFER: usize = 1 << 20;

/// A matrix in a `.npy` file: two dimensions, C order, f16, f32 or f64. The rows stay in the file.
#[derive(Debug)]
pub struct MatrixReader {
    path: PathBuf,
    file: BufReader<File>,
    rows: usize,
    width: usize,
    dtype: MatrixType,
    big_endian: bool,
    data_start: u64,
    /// Position of `file`. Seeking relative to it keeps the read buffer.
    position: u64,
    row: Vec<u8>,
}

/// An `.npy` file whose header was read and compared with the size of the file.
pub(super) struct NpyFile {
    pub file: BufReader<File>,
    /// Offset of the numbers.
    pub data_start: u64,
    pub layout: MatrixLayout,
}

impl NpyFile {
    /// Reads the header of an open file. `path` is for error messages.
    ///
    /// # Errors
    ///
    /// Those of [`MatrixReader::open`], except for Fortran order.
    pub fn read(path: &Path, file: File) -> Result<Self, FormatError> {
        let unreadable = FormatError::unreadable(path);
        let invalid = |problem: String, remedy: &str| FormatError::matrix(path, problem, remedy);
        let mut file = BufReader::with_capacity(BUFFER, file);
        let size = file.get_ref().metadata().map_err(&unreadable)?.len();

        let mut start = [0; 8];
        let got = read_up_to(&mut file, &mut start).map_err(&unreadable)?;
        if start.starts_with(&[0x1f, 0x8b]) {
            return Err(invalid(
                "the matrix is gzip-compressed".into(),
                "decompress it first (gunzip -k), because its rows are read in place",
            ));
        }
        if start.starts_with(b"PK\x03\x04") {
            return Err(invalid(
                "this is an .npz archive".into(),
                "save one matrix: numpy.save('matrix.npy', archive['name'])",
            ));
        }
        if got < 8 || !start.starts_with(b"\x93NUMPY") {
            return Err(invalid(
                "this is not an .npy file".into(),
                "save the embeddings with numpy.save('matrix.npy', matrix)",
            ));
        }
        let (header, data_start) =
            Header::read(&start, &mut file).map_err(|error| error.with_path(path))?;
        let layout = header
            .matrix()
            .map_err(|(problem, remedy)| invalid(problem, remedy))?;
        let (rows, width) = (layout.rows, layout.width);
        if rows == 0 || width == 0 {
            return Err(FormatError::Empty {
                path: path.to_owned(),
                expected: "row of embeddings",
            });
        }
        if width > WIDEST {
            return Err(invalid(
                format!("its rows have {width} columns; the limit is {WIDEST}"),
                "give one row per protein and one column per feature",
            ));
        }
        let expected = (rows as u64)
            .checked_mul((width * layout.dtype.bytes()) as u64)
            .and_then(|data| data.checked_add(data_start));
        if expected != Some(size) {
            return Err(invalid(
                format!(
                    "its header states {rows} rows of {width} columns, but the file has {size} bytes"
                ),
                "the file is cut off or was appended to: copy or save it again",
            ));
        }
        Ok(Self {
            file,
            data_start,
            layout,
        })
    }
}

impl MatrixReader {
    /// Opens a matrix and checks its header against the file's size.
    ///
    /// # Errors
    ///
    /// [`FormatError::Matrix`] for anything but a complete two-dimensional matrix of these types,
    /// with the NumPy call that creates one, and for Fortran order, in which rows cannot be read in
    /// place (`EmbeddingReader` reads it); [`FormatError::Empty`] for a
    /// matrix without rows or columns; [`FormatError::Read`] if reading fails.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = open_input(path).map_err(FormatError::unreadable(path))?;
        let npy = NpyFile::read(path, file)?;
        if npy.layout.by_column {
            return Err(FormatError::matrix(
                path,
                "it is stored column by column (Fortran order)",
                "save it row by row: numpy.save('matrix.npy', numpy.ascontiguousarray(matrix))",
            ));
        }
        Ok(Self::from_npy(path, npy))
    }

    /// Reads the rows of a matrix in C order.
    pub(super) fn from_npy(path: &Path, npy: NpyFile) -> Self {
        let layout = npy.layout;
        let shape = (layout.rows, layout.width);
        let mut reader = Self::new(path, npy.file, npy.data_start, shape, layout.dtype);
        reader.big_endian = layout.big_endian;
        reader
    }

    /// Reads rows of little-endian numbers in `file` from `data_start` on. The caller has checked
    /// that the file has them.
    pub(super) fn from_rows(
        path: &Path,
        file: File,
        data_start: u64,
        shape: (usize, usize),
        dtype: MatrixType,
    ) -> Result<Self, FormatError> {
        let mut file = BufReader::with_capacity(BUFFER, file);
        file.seek(SeekFrom::Start(data_start))
            .map_err(FormatError::unreadable(path))?;
        Ok(Self::new(path, file, data_start, shape, dtype))
    }

    fn new(
        path: &Path,
        file: BufReader<File>,
        data_start: u64,
        (rows, width): (usize, usize),
        dtype: MatrixType,
    ) -> Self {
        Self {
            path: path.to_owned(),
            file,
            rows,
            width,
            dtype,
            big_endian: false,
            data_start,
            position: data_start,
            row: vec![0; width * dtype.bytes()],
        }
    }

    /// Number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Type of the numbers in the file.
    pub fn dtype(&self) -> MatrixType {
        self.dtype
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends row `row` to `out` as f32. f64 values are rounded, and become infinite if they
    /// exceed the range of f32. Reading rows in order is fastest.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if reading fails.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`rows`](Self::rows).
    pub fn read_f32(&mut self, row: usize, out: &mut Vec<f32>) -> Result<(), FormatError> {
        self.fetch(row)?;
        decode_f32(self.dtype, &self.row, out);
        Ok(())
    }

    /// Appends row `row` to `out` as f16, rounded to nearest, ties to even. Values beyond the range
    /// of f16 become infinite.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if reading fails.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`rows`](Self::rows).
    pub fn read_f16(&mut self, row: usize, out: &mut Vec<f16>) -> Result<(), FormatError> {
        self.fetch(row)?;
        decode_f16(self.dtype, &self.row, out);
        Ok(())
    }

    /// The value in column `column` of the row that was read last, before any rounding.
    pub(super) fn source_value(&self, column: usize) -> f64 {
        value(self.dtype, &self.row, column)
    }

    fn fetch(&mut self, row: usize) -> Result<(), FormatError> {
        assert!(
            row < self.rows,
            "row {row} of a matrix of {} rows",
            self.rows
        );
        let start = self.data_start + row as u64 * self.row.len() as u64;
        let step = start.wrapping_sub(self.position) as i64;
        self.file
            .seek_relative(step)
            .and_then(|()| self.file.read_exact(&mut self.row))
            .map_err(|source| FormatError::Read {
                path: self.path.clone(),
                line: 0,
                source,
            })?;
        self.position = start + self.row.len() as u64;
        if self.big_endian {
            swap(&mut self.row, self.dtype.bytes());
        }
        Ok(())
    }
}

/// Reverses the bytes of each number of `size` bytes.
pub(super) fn swap(numbers: &mut [u8], size: usize) {
    for number in numbers.chunks_exact_mut(size) {
        number.reverse();
    }
}

/// Appends little-endian numbers as f32.
pub(super) fn decode_f32(dtype: MatrixType, row: &[u8], out: &mut Vec<f32>) {
    match dtype {
        MatrixType::F16 => out.extend(chunks(row).map(|b| f16::from_le_bytes(b).to_f32())),
        MatrixType::F32 => out.extend(chunks(row).map(f32::from_le_bytes)),
        MatrixType::F64 => out.extend(chunks(row).map(|b| f64::from_le_bytes(b) as f32)),
    }
}

/// Appends little-endian numbers as f16.
pub(super) fn decode_f16(dtype: MatrixType, row: &[u8], out: &mut Vec<f16>) {
    match dtype {
        MatrixType::F16 => out.extend(chunks(row).map(f16::from_le_bytes)),
        MatrixType::F32 => out.extend(chunks(row).map(|b| f16::from_f32(f32::from_le_bytes(b)))),
        MatrixType::F64 => out.extend(chunks(row).map(|b| f16::from_f64(f64::from_le_bytes(b)))),
    }
}

/// Decodes one number of a row without rounding.
pub(super) fn value(dtype: MatrixType, row: &[u8], column: usize) -> f64 {
    let bytes = dtype.bytes();
    let value = &row[column * bytes..(column + 1) * bytes];
    match dtype {
        MatrixType::F16 => chunks(value)
            .map(f16::from_le_bytes)
            .map(f16::to_f64)
            .next(),
        MatrixType::F32 => chunks(value).map(f32::from_le_bytes).map(f64::from).next(),
        MatrixType::F64 => chunks(value).map(f64::from_le_bytes).next(),
    }
    .unwrap_or(f64::NAN)
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
