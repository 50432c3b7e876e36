//! Reads a NumPy array of strings.

use std::{
    io::{self, Read},
    path::Path,
};

use crate::{FormatError, npy_header::Header};

/// The largest list of accessions that is read into memory, in bytes.
const LARGEST_LIST: u64 = 1 << 30;

/// Why an array of strings cannot be read.
pub(super) enum StringsError {
    Io(io::Error),
    Invalid(&'static str),
    /// The array has pickled Python objects.
    Objects,
}

impl StringsError {
    /// The error for an array with a name in a file.
    pub fn in_array(self, path: &Path, name: &str) -> FormatError {
        match self {
            Self::Io(source) => FormatError::unreadable(path)(source),
            Self::Invalid(problem) => FormatError::matrix(
                path,
                format!("{name}: {problem}"),
                "save the accessions with numpy.savez(…, ids=numpy.array(accessions))",
            ),
            Self::Objects => FormatError::matrix(
                path,
                format!("{name} is an array of pickled Python objects, which is not read"),
                "save the accessions as strings: numpy.savez(…, \
                 ids=numpy.array(accessions).astype(str))",
            ),
        }
    }

    /// The error for an `.npy` file.
    pub fn in_file(self, path: &Path) -> FormatError {
        match self {
            Self::Io(source) => FormatError::unreadable(path)(source),
            Self::Invalid(problem) => FormatError::matrix(
                path,
                problem,
                "save the accessions with numpy.save('ids.npy', \
                 numpy.array(accessions).astype(str))",
            ),
            Self::Objects => FormatError::matrix(
                path,
                "this is an array of pickled Python objects, which is not read",
                "save the accessions as strings: numpy.save('ids.npy', \
                 numpy.array(accessions).astype(str))",
            ),
        }
    }
}

/// Reads the strings after the header.
pub(super) fn read(header: &Header, data: &mut dyn Read) -> Result<Vec<String>, StringsError> {
    let invalid = StringsError::Invalid;
    if header.has_objects() {
        return Err(StringsError::Objects);
    }
    let (width, wide) = header.text().ok_or(invalid("the array has no strings"))?;
    if header.shape.len() > 1 && header.shape[1..] != [1] {
        return Err(invalid("the array of strings has several columns"));
    }
    let count = header.shape.first().copied().unwrap_or(0);
    let size = (count as u64)
        .checked_mul(width as u64)
        .filter(|&size| size <= LARGEST_LIST)
        .ok_or(invalid("the list is too large"))?;
    let mut bytes = Vec::new();
    data.take(size)
        .read_to_end(&mut bytes)
        .map_err(StringsError::Io)?;
    if bytes.len() as u64 != size {
        return Err(invalid("the list is cut off"));
    }
    bytes
        .chunks_exact(width)
        .map(|text| {
            let text = if wide {
                let points = text.as_chunks::<4>().0.iter().map(|&bytes| {
                    if header.big_endian() {
                        u32::from_be_bytes(bytes)
                    } else {
                        u32::from_le_bytes(bytes)
                    }
                });
                points.map(char::from_u32).collect::<Option<String>>()
            } else {
                String::from_utf8(text.to_vec()).ok()
            };
            let text = text.ok_or(invalid("a string is not Unicode"))?;
            Ok(text.trim_end_matches('\0').to_owned())
        })
        .collect()
}
