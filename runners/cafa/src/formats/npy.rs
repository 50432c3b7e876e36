//! Matrices in NumPy's `.npy` format, read row by row.
//!
//! A header parser of our own, strict and short: `ndarray-npy` loads a matrix whole (or maps it, which needs `unsafe`
//! and an aligned file), `npyz` only streams from the front; rows are wanted here in any order and in constant memory.
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use half::f16;

use super::FormatError;
use super::error::excerpt;

/// More than any header NumPy writes for a plain matrix.
const LONGEST_HEADER: usize = 64 << 10;
/// The widest embedding taken; protein language models have some 300 to 15,000 columns.
pub(crate) const WIDEST: usize = 1 << 20;
const BUFFER: usize = 1 << 20;

/// The number type of a matrix file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixType {
    /// IEEE half precision, `<f2`.
    F16,
    /// IEEE single precision, `<f4`.
    F32,
    /// IEEE double precision, `<f8`.
    F64,
}

impl MatrixType {
    fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// A matrix in a `.npy` file: two dimensions, C order, little-endian f16, f32 or f64. The rows stay in the file.
#[derive(Debug)]
pub struct MatrixReader {
    path: PathBuf,
    file: BufReader<File>,
    rows: usize,
    width: usize,
    dtype: MatrixType,
    data_start: u64,
    /// Where `file` stands; seeking relative to it keeps its buffer.
    position: u64,
    row: Vec<u8>,
}

impl MatrixReader {
    /// Opens a matrix and checks its header against the file's size.
    ///
    /// # Errors
    /// [`FormatError::Matrix`] for anything but a whole two-dimensional matrix of the types above, with the NumPy call
    /// that makes it one; [`FormatError::Empty`] for one without rows or columns; [`FormatError::Read`].
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let unreadable = |source| FormatError::Read {
            path: path.to_owned(),
            line: 0,
            source,
        };
        let wrong = |problem: String, remedy: &str| FormatError::Matrix {
            path: path.to_owned(),
            problem,
            remedy: remedy.to_owned(),
        };
        let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(unreadable)?);
        let size = file.get_ref().metadata().map_err(unreadable)?.len();

        let mut start = [0; 8];
        let got = read_up_to(&mut file, &mut start).map_err(unreadable)?;
        if start.starts_with(&[0x1f, 0x8b]) {
            return Err(wrong(
                "the matrix is gzip-compressed".into(),
                "its rows are read in place: decompress it first (gunzip -k)",
            ));
        }
        if start.starts_with(b"PK\x03\x04") {
            return Err(wrong(
                "this is an .npz archive".into(),
                "save one matrix: numpy.save('matrix.npy', archive['name'])",
            ));
        }
        if got < 8 || !start.starts_with(b"\x93NUMPY") {
            return Err(wrong(
                "this is no .npy file".into(),
                "save the embeddings with numpy.save('matrix.npy', matrix)",
            ));
        }
        let length_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => {
                return Err(wrong(
                    format!("format version {version} is not known"),
                    "save the matrix again with numpy.save",
                ));
            }
        };
        let truncated = || {
            wrong(
                "the file ends within its header".into(),
                "copy or save it again",
            )
        };
        let mut length = [0; 4];
        if read_up_to(&mut file, &mut length[..length_bytes]).map_err(unreadable)? < length_bytes {
            return Err(truncated());
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(wrong(
                format!("its header claims {length} bytes"),
                "save the matrix again with numpy.save",
            ));
        }
        let mut header = vec![0; length];
        if read_up_to(&mut file, &mut header).map_err(unreadable)? < length {
            return Err(truncated());
        }
        let (dtype, rows, width) =
            parse_header(&header).map_err(|(problem, remedy)| wrong(problem, remedy))?;
        if rows == 0 || width == 0 {
            return Err(FormatError::Empty {
                path: path.to_owned(),
                what: "row of embeddings",
            });
        }
        if width > WIDEST {
            return Err(wrong(
                format!("its rows have {width} columns, more than {WIDEST}"),
                "give one row per protein and one column per feature",
            ));
        }
        let data_start = (8 + length_bytes + length) as u64;
        let expected = (rows as u64)
            .checked_mul((width * dtype.bytes()) as u64)
            .and_then(|data| data.checked_add(data_start));
        if expected != Some(size) {
            return Err(wrong(
                format!(
                    "its header promises {rows} rows of {width} columns, but the file has {size} bytes"
                ),
                "the file is cut off or was appended to: copy or save it again",
            ));
        }
        let row = vec![0; width * dtype.bytes()];
        Ok(Self {
            path: path.to_owned(),
            file,
            rows,
            width,
            dtype,
            data_start,
            position: data_start,
            row,
        })
    }

    /// Number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Type of the numbers.
    pub fn dtype(&self) -> MatrixType {
        self.dtype
    }

    /// The file read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends row `row` (below [`rows`](Self::rows)) to `out` as f32. f64 is rounded; what does not fit becomes
    /// infinite. Cheapest when rows are asked for in order.
    ///
    /// # Errors
    /// [`FormatError::Read`].
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
    pub fn read_f32(&mut self, row: usize, out: &mut Vec<f32>) -> Result<(), FormatError> {
        self.fetch(row)?;
        match self.dtype {
            MatrixType::F16 => {
                out.extend(chunks(&self.row).map(|b| f16::from_le_bytes(b).to_f32()))
            }
            MatrixType::F32 => out.extend(chunks(&self.row).map(f32::from_le_bytes)),
            MatrixType::F64 => out.extend(chunks(&self.row).map(|b| f64::from_le_bytes(b) as f32)),
        }
        Ok(())
    }

    /// Appends row `row` to `out` as f16, rounded to nearest, ties to even; what does not fit becomes infinite.
    ///
    /// # Errors
    /// [`FormatError::Read`].
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
    pub fn read_f16(&mut self, row: usize, out: &mut Vec<f16>) -> Result<(), FormatError> {
        self.fetch(row)?;
        match self.dtype {
            MatrixType::F16 => out.extend(chunks(&self.row).map(f16::from_le_bytes)),
            MatrixType::F32 => {
                out.extend(chunks(&self.row).map(|b| f16::from_f32(f32::from_le_bytes(b))))
            }
            MatrixType::F64 => {
                out.extend(chunks(&self.row).map(|b| f16::from_f64(f64::from_le_bytes(b))))
            }
        }
        Ok(())
    }

    /// Number `column` of the row last read, as the file has it.
    pub(crate) fn source_value(&self, column: usize) -> f64 {
        let bytes = self.dtype.bytes();
        let value = &self.row[column * bytes..(column + 1) * bytes];
        match self.dtype {
            MatrixType::F16 => chunks(value)
                .map(f16::from_le_bytes)
                .map(f16::to_f64)
                .next(),
            MatrixType::F32 => chunks(value).map(f32::from_le_bytes).map(f64::from).next(),
            MatrixType::F64 => chunks(value).map(f64::from_le_bytes).next(),
        }
        .unwrap_or(f64::NAN)
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
        Ok(())
    }
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

type HeaderError = (String, &'static str);

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2408, 768), }`, keys in any order.
fn parse_header(header: &[u8]) -> Result<(MatrixType, usize, usize), HeaderError> {
    const AGAIN: &str = "save the matrix again with numpy.save";
    let unknown = || {
        (
            format!("its header {} is not understood", excerpt(header)),
            AGAIN,
        )
    };
    let text = std::str::from_utf8(header).map_err(|_| unknown())?.trim();
    let mut rest = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .ok_or_else(unknown)?
        .trim();
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest).ok_or_else(unknown)?;
        let value = after
            .trim_start()
            .strip_prefix(':')
            .ok_or_else(unknown)?
            .trim_start();
        let after = match key {
            "descr" => {
                // A list here describes a structured array.
                let (text, after) = quoted(value).ok_or_else(|| {
                    (
                        format!(
                            "its numbers are of a compound type, {}",
                            excerpt(value.as_bytes())
                        ),
                        "save a plain float matrix: numpy.save('matrix.npy', matrix.astype('<f4'))",
                    )
                })?;
                descr = Some(text);
                after
            }
            "fortran_order" => {
                let (flag, after) = [("True", true), ("False", false)]
                    .into_iter()
                    .find_map(|(word, flag)| value.strip_prefix(word).map(|after| (flag, after)))
                    .ok_or_else(unknown)?;
                fortran = Some(flag);
                after
            }
            "shape" => {
                let (inside, after) = value
                    .strip_prefix('(')
                    .and_then(|v| v.split_once(')'))
                    .ok_or_else(unknown)?;
                let dimensions: Option<Vec<usize>> = inside
                    .split(',')
                    .map(str::trim)
                    .filter(|d| !d.is_empty())
                    .map(|d| d.parse().ok())
                    .collect();
                shape = Some(dimensions.ok_or_else(unknown)?);
                after
            }
            _ => return Err(unknown()),
        };
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return Err(unknown()),
        };
    }
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
        return Err(unknown());
    };
    let dtype = match descr {
        "<f2" => MatrixType::F16,
        "<f4" => MatrixType::F32,
        "<f8" => MatrixType::F64,
        ">f2" | ">f4" | ">f8" => {
            return Err((
                format!("its numbers are big-endian ({descr})"),
                "save it little-endian: numpy.save('matrix.npy', matrix.astype('<f4'))",
            ));
        }
        _ => {
            return Err((
                format!(
                    "its numbers are of type {}, not f2, f4 or f8",
                    excerpt(descr.as_bytes())
                ),
                "save a float matrix: numpy.save('matrix.npy', matrix.astype('<f4'))",
            ));
        }
    };
    let &[rows, width] = shape.as_slice() else {
        return Err((
            format!("it has {} dimension(s), not two", shape.len()),
            "give one row per protein and one column per feature (mean over residues, if there is one vector per residue)",
        ));
    };
    if fortran && rows > 1 && width > 1 {
        return Err((
            "it is stored column by column (Fortran order)".into(),
            "save it row by row: numpy.save('matrix.npy', numpy.ascontiguousarray(matrix))",
        ));
    }
    Ok((dtype, rows, width))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|&c| c == '\'' || c == '"')?;
    text[1..].split_once(quote)
}
