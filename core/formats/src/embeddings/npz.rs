//! Embeddings in `.npz`: a zip archive of `.npy` files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use protea_hdf5::MatrixType;
use zip::ZipArchive;
use zip::result::ZipError;

use super::choice::{Array, ArrayKind, Choice, Shelf, choose};
use super::scratch::ScratchRows;
use super::{FormatError, Opened, Rows, Wanted, checked_shape};
use crate::npy_header::Header;
use crate::partial_read::read_up_to;

/// The largest list of accessions taken into memory, in bytes.
const LARGEST_LIST: u64 = 1 << 30;
/// What is kept of the members before it is known which of them are read, in bytes. One vector per protein takes some 120
/// of them for each.
const MOST_KEPT: usize = 512 << 20;
const PIECE: usize = 256 << 10;

type Archive = ZipArchive<BufReader<File>>;

/// Opens an archive and finds the embeddings in it.
pub(super) fn open(path: &Path, file: File, wanted: &Wanted<'_>) -> Result<Opened, FormatError> {
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, "", error))?;
    let mut shelf = Shelf {
        name: String::new(),
        arrays: Vec::new(),
        total: 0,
        handle: 0,
    };
    let mut kept = 0;
    for number in 0..archive.len() {
        let (name, header) = header(path, &mut archive, number)?;
        kept += size_of::<Array<usize>>() + name.len() + size_of_val(header.shape.as_slice());
        if kept > MOST_KEPT {
            return Err(FormatError::matrix(
                path,
                format!("the names of its {} arrays are too long", archive.len()),
                "save the embeddings as one matrix: numpy.savez(…, vectors=matrix, ids=accessions)",
            ));
        }
        shelf.arrays.push(Array {
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
    shelf.total = shelf.arrays.len();
    match choose(path, &[shelf], wanted.names, wanted.ids_given)? {
        Choice::Matrix(matrix, ids) => {
            let accessions = ids
                .map(|ids| texts(path, &mut archive, ids.handle))
                .transpose()?;
            Ok(Opened {
                rows: unpack(path, &mut archive, &[matrix], wanted.scratch)?,
                accessions,
            })
        }
        Choice::Vectors(shelf) => Ok(Opened {
            rows: unpack(path, &mut archive, &shelf.arrays, wanted.scratch)?,
            accessions: Some(shelf.arrays.into_iter().map(|array| array.name).collect()),
        }),
    }
}

fn broken(path: &Path, member: &str, error: ZipError) -> FormatError {
    let of = if member.is_empty() {
        String::new()
    } else {
        format!(" ({member})")
    };
    match error {
        ZipError::Io(source) => FormatError::unreadable(path)(source),
        other => FormatError::matrix(
            path,
            format!("the .npz archive is damaged{of}: {other}"),
            "copy or save it again with numpy.savez",
        ),
    }
}

/// The name and header of a member.
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
        .map_err(|error| broken(path, "", error))?;
    let name = member
        .name()
        .map_err(|error| broken(path, "", error))?
        .into_owned();
    let name = name.strip_suffix(".npy").unwrap_or(&name);
    let mut start = [0; 8];
    let got = read_up_to(&mut member, &mut start).map_err(FormatError::unreadable(path))?;
    if got < 8 || !start.starts_with(b"\x93NUMPY") {
        return Err(FormatError::matrix(
            path,
            format!("{name} in it is no .npy file"),
            "write the archive with numpy.savez",
        ));
    }
    let (header, _) = Header::read(&start, &mut member).map_err(|fault| fault.named(path))?;
    read(name, header, &mut member)
}

/// Unpacks a matrix, or vectors behind each other.
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
                    "{} has {width} {}, where the first has {width_of_first} {}",
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
            what: "array",
        });
    };
    Ok(Rows::Matrix(unpacked.finish(
        path,
        (total, width),
        dtype,
    )?))
}

/// Adds the numbers of one member; answers its rows, its columns and its type.
fn unpack_member(
    path: &Path,
    name: &str,
    header: &Header,
    data: &mut dyn Read,
    unpacked: &mut ScratchRows,
) -> Result<(usize, usize, MatrixType), FormatError> {
    let wrong = |(problem, remedy): (String, &'static str)| {
        FormatError::matrix(path, format!("{name}: {problem}"), remedy)
    };
    let unreadable = FormatError::unreadable(path);
    let dtype = header.float().map_err(wrong)?;
    let (rows, width) = match header.shape.as_slice() {
        &[width] => (1, width),
        _ => header
            .matrix()
            .map(|(_, rows, width)| (rows, width))
            .map_err(wrong)?,
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
    // Reading past the end also has the archive compare its checksum.
    let more = read_up_to(data, &mut [0]).map_err(&unreadable)?;
    if left > 0 || more > 0 {
        return Err(wrong((
            format!(
                "its header promises {rows} rows of {width} columns, but it has more or fewer numbers"
            ),
            "save the archive again with numpy.savez",
        )));
    }
    Ok((rows, width, dtype))
}

fn texts(path: &Path, archive: &mut Archive, number: usize) -> Result<Vec<String>, FormatError> {
    with_member(path, archive, number, |name, header, data| {
        let wrong = |problem: &str| {
            FormatError::matrix(
                path,
                format!("{name}: {problem}"),
                "save the accessions with numpy.savez(…, ids=numpy.array(accessions))",
            )
        };
        let (width, wide) = header.text().ok_or_else(|| wrong("these are no texts"))?;
        let count = header.shape.first().copied().unwrap_or(0);
        let size = (count as u64)
            .checked_mul(width as u64)
            .filter(|&size| size <= LARGEST_LIST)
            .ok_or_else(|| wrong("the list is too large"))?;
        let mut bytes = Vec::new();
        data.take(size)
            .read_to_end(&mut bytes)
            .map_err(FormatError::unreadable(path))?;
        if bytes.len() as u64 != size {
            return Err(wrong("the list is cut off"));
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
                let text = text.ok_or_else(|| wrong("a text is not Unicode"))?;
                Ok(text.trim_end_matches('\0').to_owned())
            })
            .collect()
    })
}
