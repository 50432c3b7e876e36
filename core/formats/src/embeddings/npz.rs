//! Reads embeddings from `.npz`, a zip archive of `.npy` files.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use protea_hdf5::MatrixType;
use zip::{ZipArchive, result::ZipError};

use super::{
    FormatError, OpenOptions, Opened, Rows, checked_shape,
    choice::{Array, ArrayGroup, ArrayKind, Choice, choose},
    scratch::ScratchRows,
};
use crate::{npy_header::Header, partial_read::read_up_to};

/// The largest list of accessions that is read into memory, in bytes.
const LARGEST_LIST: u64 = 1 << 30;
/// Limit of the headers held in memory until the arrays are chosen, in bytes. One vector per
/// protein takes about 120 bytes for each.
const MAX_HEADER_BYTES: usize = 512 << 20;
const PIECE: usize = 256 << 10;

type Archive = ZipArchive<BufReader<File>>;

/// Opens an archive and finds the embeddings in it.
pub(super) fn open(
    path: &Path,
    file: File,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| archive_error(path, error))?;
    let mut group = ArrayGroup {
        name: String::new(),
        arrays: Vec::new(),
        total: 0,
        handle: 0,
    };
    let mut header_bytes = 0;
    for number in 0..archive.len() {
        let (name, header) = header(path, &mut archive, number)?;
        header_bytes +=
            size_of::<Array<usize>>() + name.len() + size_of_val(header.shape.as_slice());
        if header_bytes > MAX_HEADER_BYTES {
            return Err(FormatError::matrix(
                path,
                format!(
                    "the headers of its {} arrays take too much memory",
                    archive.len()
                ),
                "save the embeddings as one matrix: numpy.savez(…, vectors=matrix, ids=accessions)",
            ));
        }
        group.arrays.push(Array {
            name,
            dims: header.shape.iter().map(|&d| d as u64).collect(),
            kind: match (header.float(), header.text()) {
                (Ok(dtype), _) => ArrayKind::Float(dtype),
                (_, Some(_)) => ArrayKind::Text,
                _ => ArrayKind::Other(header.descr().to_owned()),
            },
            handle: number,
        });
    }
    group.total = group.arrays.len();
    match choose(path, &[group], options.names, options.has_id_list)? {
        Choice::Matrix(matrix, ids) => {
            let accessions = ids
                .map(|ids| texts(path, &mut archive, ids.handle))
                .transpose()?;
            Ok(Opened {
                rows: unpack(path, &mut archive, &[matrix], options.scratch)?,
                accessions,
            })
        }
        Choice::Vectors(group) => Ok(Opened {
            rows: unpack(path, &mut archive, &group.arrays, options.scratch)?,
            accessions: Some(group.arrays.into_iter().map(|array| array.name).collect()),
        }),
    }
}

fn archive_error(path: &Path, error: ZipError) -> FormatError {
    match error {
        ZipError::Io(source) => FormatError::unreadable(path)(source),
        other => FormatError::matrix(
            path,
            format!("the .npz archive is damaged: {other}"),
            "copy the file again, or save it again with numpy.savez",
        ),
    }
}

/// Reads the name and header of a member.
fn header(
    path: &Path,
    archive: &mut Archive,
    number: usize,
) -> Result<(String, Header), FormatError> {
    with_member(path, archive, number, |name, header, _| {
        Ok((name.to_owned(), header))
    })
}

fn with_member<T>(
    path: &Path,
    archive: &mut Archive,
    number: usize,
    read: impl FnOnce(&str, Header, &mut dyn Read) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    let mut member = archive
        .by_index(number)
        .map_err(|error| archive_error(path, error))?;
    let name = member
        .name()
        .map_err(|error| archive_error(path, error))?
        .into_owned();
    let name = name.strip_suffix(".npy").unwrap_or(&name);
    let mut start = [0; 8];
    let got = read_up_to(&mut member, &mut start).map_err(FormatError::unreadable(path))?;
    if got < 8 || !start.starts_with(b"\x93NUMPY") {
        return Err(FormatError::matrix(
            path,
            format!("its member {name} is not an .npy file"),
            "write the archive with numpy.savez",
        ));
    }
    let (header, _) = Header::read(&start, &mut member).map_err(|error| error.with_path(path))?;
    read(name, header, &mut member)
}

/// Decompresses a matrix, or the vectors one after another, into a scratch file.
fn unpack(
    path: &Path,
    archive: &mut Archive,
    arrays: &[Array<usize>],
    scratch: &Path,
) -> Result<Rows, FormatError> {
    let mut unpacked = ScratchRows::create(path, scratch)?;
    let mut first = None;
    let mut total = 0;
    for array in arrays {
        let (rows, width, dtype) =
            with_member(path, archive, array.handle, |name, header, data| {
                unpack_member(path, name, &header, data, &mut unpacked)
            })?;
        let (_, width_of_first, dtype_of_first) = *first.get_or_insert((rows, width, dtype));
        if (width, dtype) != (width_of_first, dtype_of_first) {
            return Err(FormatError::matrix(
                path,
                format!(
                    "{} has {width} {}, but the first has {width_of_first} {}",
                    array.name,
                    dtype.name(),
                    dtype_of_first.name()
                ),
                "give vectors of one width and one type, one per protein",
            ));
        }
        total += rows;
    }
    let Some((_, width, dtype)) = first else {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "array",
        });
    };
    Ok(Rows::Matrix(unpacked.finish(
        path,
        (total, width),
        dtype,
    )?))
}

/// Appends the numbers of one member to `unpacked`. Returns its rows, its columns and its type.
fn unpack_member(
    path: &Path,
    name: &str,
    header: &Header,
    data: &mut dyn Read,
    unpacked: &mut ScratchRows,
) -> Result<(usize, usize, MatrixType), FormatError> {
    let invalid = |(problem, remedy): (String, &'static str)| {
        FormatError::matrix(path, format!("{name}: {problem}"), remedy)
    };
    let unreadable = FormatError::unreadable(path);
    let dtype = header.float().map_err(invalid)?;
    let (rows, width) = match header.shape.as_slice() {
        &[width] => (1, width),
        _ => header
            .matrix()
            .map(|(_, rows, width)| (rows, width))
            .map_err(invalid)?,
    };
    let (rows, width) = checked_shape(path, rows as u64, width as u64)?;
    let mut left = rows as u64 * (width * dtype.bytes()) as u64;
    let mut piece = vec![0; PIECE];
    loop {
        let want = left.min(PIECE as u64) as usize;
        let got = read_up_to(data, &mut piece[..want]).map_err(&unreadable)?;
        unpacked.push(&piece[..got]).map_err(&unreadable)?;
        left -= got as u64;
        if got < want || left == 0 {
            break;
        }
    }
    // Reading past the end makes the archive verify its checksum.
    let more = read_up_to(data, &mut [0]).map_err(&unreadable)?;
    if left > 0 || more > 0 {
        return Err(invalid((
            format!(
                "its header states {rows} rows of {width} columns, but the array has more or fewer \
                 numbers"
            ),
            "save the archive again with numpy.savez",
        )));
    }
    Ok((rows, width, dtype))
}

fn texts(path: &Path, archive: &mut Archive, number: usize) -> Result<Vec<String>, FormatError> {
    with_member(path, archive, number, |name, header, data| {
        let invalid = |problem: &str| {
            FormatError::matrix(
                path,
                format!("{name}: {problem}"),
                "save the accessions with numpy.savez(…, ids=numpy.array(accessions))",
            )
        };
        let (width, wide) = header
            .text()
            .ok_or_else(|| invalid("the array has no strings"))?;
        let count = header.shape.first().copied().unwrap_or(0);
        let size = (count as u64)
            .checked_mul(width as u64)
            .filter(|&size| size <= LARGEST_LIST)
            .ok_or_else(|| invalid("the list is too large"))?;
        let mut bytes = Vec::new();
        data.take(size)
            .read_to_end(&mut bytes)
            .map_err(FormatError::unreadable(path))?;
        if bytes.len() as u64 != size {
            return Err(invalid("the list is cut off"));
        }
        bytes
            .chunks_exact(width)
            .map(|text| {
                let text = if wide {
                    let points = text
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|&b| u32::from_le_bytes(b));
                    points.map(char::from_u32).collect::<Option<String>>()
                } else {
                    String::from_utf8(text.to_vec()).ok()
                };
                let text = text.ok_or_else(|| invalid("a string is not Unicode"))?;
                Ok(text.trim_end_matches('\0').to_owned())
            })
            .collect()
    })
}
