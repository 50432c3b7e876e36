//! Reads the header of an `.npy` file: the type and shape of the array.

use std::{io::Read, path::Path};

use protea_hdf5::MatrixType;

use super::{
    error::{FormatError, excerpt},
    partial_read::read_up_to,
};

/// Longest accepted header, in bytes. NumPy writes shorter ones for plain arrays.
const LONGEST: usize = 64 << 10;
/// NumPy's limit of the number of dimensions.
const MOST_DIMENSIONS: usize = 64;
/// Longest plain type, in bytes. Longer ones are kept as an excerpt for messages.
const LONGEST_TYPE: usize = 40;
const SAVE_AGAIN: &str = "save the array again with numpy.save";

/// The header of an array.
pub(super) struct Header {
    /// The type of the elements, such as `<f4`; `Err` with an excerpt if it is compound or too long
    /// for a plain type.
    descr: Result<String, String>,
    fortran: bool,
    /// Number of elements along each dimension.
    pub shape: Vec<usize>,
}

type Problem = (String, &'static str);

/// How the numbers of a matrix are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatrixLayout {
    pub dtype: MatrixType,
    pub rows: usize,
    pub width: usize,
    /// The bytes of each number are in the order of big-endian machines.
    pub big_endian: bool,
    /// The numbers of a column follow each other (Fortran order).
    pub by_column: bool,
}

/// Why a header could not be read.
pub(super) enum HeaderError {
    Io(std::io::Error),
    Invalid(Problem),
}

impl HeaderError {
    pub fn with_path(self, path: &Path) -> FormatError {
        match self {
            Self::Io(source) => FormatError::unreadable(path)(source),
            Self::Invalid((problem, remedy)) => FormatError::matrix(path, problem, remedy),
        }
    }
}

impl Header {
    /// Reads the header after the first eight bytes, `start`. Also returns the offset of the
    /// numbers in the file.
    pub fn read(start: &[u8; 8], reader: &mut impl Read) -> Result<(Self, u64), HeaderError> {
        let invalid = |problem: String, remedy| HeaderError::Invalid((problem, remedy));
        let length_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => {
                return Err(invalid(
                    format!("format version {version} is not supported"),
                    SAVE_AGAIN,
                ));
            }
        };
        let truncated = || {
            invalid(
                "the file ends within its header".into(),
                "copy the file again, or save it again",
            )
        };
        let mut length = [0; 4];
        if read_up_to(reader, &mut length[..length_bytes]).map_err(HeaderError::Io)? < length_bytes
        {
            return Err(truncated());
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(invalid(
                format!("its header claims {length} bytes"),
                SAVE_AGAIN,
            ));
        }
        let mut header = vec![0; length];
        if read_up_to(reader, &mut header).map_err(HeaderError::Io)? < length {
            return Err(truncated());
        }
        let parsed = Self::parse(&header).map_err(HeaderError::Invalid)?;
        Ok((parsed, (8 + length_bytes + length) as u64))
    }

    /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (2408, 768), }`, with the keys in
    /// any order.
    fn parse(header: &[u8]) -> Result<Self, Problem> {
        let invalid = || {
            (
                format!("its header {} is invalid", excerpt(header)),
                SAVE_AGAIN,
            )
        };
        let text = std::str::from_utf8(header).map_err(|_| invalid())?.trim();
        let mut rest = text
            .strip_prefix('{')
            .and_then(|t| t.strip_suffix('}'))
            .ok_or_else(invalid)?
            .trim();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest).ok_or_else(invalid)?;
            let value = after
                .trim_start()
                .strip_prefix(':')
                .ok_or_else(invalid)?
                .trim_start();
            let after = match key {
                "descr" => {
                    let (kind, after) = element_type(value);
                    descr = Some(kind);
                    let Some(after) = after else {
                        // A structured array is rejected later, so the rest of the header is not
                        // needed.
                        fortran.get_or_insert(false);
                        shape.get_or_insert(Vec::new());
                        break;
                    };
                    after
                }
                "fortran_order" => {
                    let (flag, after) = boolean(value).ok_or_else(invalid)?;
                    fortran = Some(flag);
                    after
                }
                "shape" => {
                    let (inside, after) = value
                        .strip_prefix('(')
                        .and_then(|v| v.split_once(')'))
                        .ok_or_else(invalid)?;
                    shape = Some(dimensions(inside)?.ok_or_else(invalid)?);
                    after
                }
                _ => return Err(invalid()),
            };
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if after.is_empty() => after,
                None => return Err(invalid()),
            };
        }
        let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
            return Err(invalid());
        };
        Ok(Self {
            descr,
            fortran,
            shape,
        })
    }

    /// The number type, or an error if it is not supported.
    pub fn float(&self) -> Result<MatrixType, Problem> {
        let descr = self.descr.as_ref().map_err(|text| {
            (
                format!("its numbers have a compound type, {text}"),
                "save a plain float matrix: numpy.save('matrix.npy', matrix.astype('<f4'))",
            )
        })?;
        match descr.as_str() {
            "<f2" | ">f2" => Ok(MatrixType::F16),
            "<f4" | ">f4" => Ok(MatrixType::F32),
            "<f8" | ">f8" => Ok(MatrixType::F64),
            "|O" => Err((
                "it holds pickled Python objects (type \"|O\"), which are not read".into(),
                "save a plain float matrix: numpy.save('matrix.npy', numpy.stack([numpy.asarray(v, \
                 '<f4') for v in rows])); of a dictionary d, rows are d.values() and the accessions \
                 list(d)",
            )),
            // NumPy has no bfloat16, so it writes plain bytes.
            "|V2" | "<V2" => Err((
                format!(
                    "its elements are two bytes of an unknown type ({descr}), such as bfloat16"
                ),
                "save it as float32 with the library that made it: numpy.save('matrix.npy', \
                 matrix.astype('float32'))",
            )),
            _ => Err((
                format!(
                    "its numbers have type {}, not f2, f4 or f8",
                    excerpt(descr.as_bytes())
                ),
                "save a float matrix: numpy.save('matrix.npy', matrix.astype('<f4'))",
            )),
        }
    }

    /// Whether the bytes of each element are in the order of big-endian machines.
    pub fn big_endian(&self) -> bool {
        self.descr
            .as_ref()
            .is_ok_and(|descr| descr.starts_with('>'))
    }

    /// Bytes of an element and whether a character has four bytes; `None` if the array has no
    /// strings.
    pub fn text(&self) -> Option<(usize, bool)> {
        let descr = self.descr.as_ref().ok()?;
        let (width, wide) = match descr.split_at_checked(2)? {
            ("<U" | ">U", width) => (width.parse::<usize>().ok()?.checked_mul(4)?, true),
            ("|S", width) => (width.parse().ok()?, false),
            _ => return None,
        };
        (width > 0).then_some((width, wide))
    }

    /// Whether the elements are pickled Python objects.
    pub fn has_objects(&self) -> bool {
        self.descr.as_ref().is_ok_and(|descr| descr == "|O")
    }

    /// The type for a message, in NumPy's notation.
    pub fn descr(&self) -> &str {
        match &self.descr {
            Ok(descr) if descr == "|O" => "objects",
            Ok(descr) => descr,
            Err(_) => "compound",
        }
    }

    /// How the numbers are stored, or an error if the array is not a supported matrix.
    pub fn matrix(&self) -> Result<MatrixLayout, Problem> {
        self.float()?;
        let &[rows, width] = self.shape.as_slice() else {
            return Err((
                format!("it has {} dimension(s), not two", self.shape.len()),
                "give one row per protein and one column per feature (use the mean over residues if there \
                 is one vector per residue)",
            ));
        };
        self.with_shape((rows, width))
    }

    /// Like [`matrix`](Self::matrix), with a shape that has the same numbers in the same order.
    pub fn with_shape(&self, (rows, width): (usize, usize)) -> Result<MatrixLayout, Problem> {
        Ok(MatrixLayout {
            dtype: self.float()?,
            rows,
            width,
            big_endian: self.big_endian(),
            // Both orders are the same for a single row or column.
            by_column: self.fortran && rows > 1 && width > 1,
        })
    }
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|&c| c == '\'' || c == '"')?;
    text[1..].split_once(quote)
}

/// The type of the elements and the rest of the header. The rest is `None` for a structured array,
/// whose type is a list.
fn element_type(value: &str) -> (Result<String, String>, Option<&str>) {
    match quoted(value) {
        Some((text, after)) if text.len() <= LONGEST_TYPE => (Ok(text.to_owned()), Some(after)),
        Some((text, after)) => (Err(excerpt(text.as_bytes())), Some(after)),
        None => (Err(excerpt(value.as_bytes())), None),
    }
}

/// Parses `True` or `False`. Also returns the rest of the header.
fn boolean(value: &str) -> Option<(bool, &str)> {
    [("True", true), ("False", false)]
        .into_iter()
        .find_map(|(word, flag)| value.strip_prefix(word).map(|after| (flag, after)))
}

/// Parses the numbers between the parentheses of a shape; `None` if one of them is not a number.
fn dimensions(inside: &str) -> Result<Option<Vec<usize>>, Problem> {
    let dimensions: Option<Vec<usize>> = inside
        .split(',')
        .map(str::trim)
        .filter(|d| !d.is_empty())
        .take(MOST_DIMENSIONS + 1)
        .map(|d| d.parse().ok())
        .collect();
    if dimensions
        .as_ref()
        .is_some_and(|d| d.len() > MOST_DIMENSIONS)
    {
        return Err((
            format!("it has more than {MOST_DIMENSIONS} dimensions, NumPy's limit"),
            SAVE_AGAIN,
        ));
    }
    Ok(dimensions)
}
