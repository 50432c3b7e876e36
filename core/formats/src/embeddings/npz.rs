//! Reads embeddings from several `.npy` files: in a zip archive (`.npz`) or in a directory.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use protea_hdf5::MatrixType;
use zip::{ZipArchive, result::ZipError};

use super::{
    FormatError, OpenOptions, Opened, Pool, Rows,
    arrays::{Array, ArrayGroup, ArrayKind},
    checked_shape,
    choice::{Choice, choose},
    column_order,
    pool::Mean,
    protein_file::ProteinFile,
    scratch::ScratchRows,
};
use crate::{
    npy::swap,
    npy_header::{Header, MatrixLayout},
    npy_strings,
    partial_read::read_up_to,
};

/// Limit of the headers held in memory until the arrays are chosen, in bytes. One vector per
/// protein takes about 120 bytes for each.
const MAX_HEADER_BYTES: usize = 512 << 20;
const PIECE: usize = 256 << 10;

type Archive = ZipArchive<BufReader<File>>;

/// Opens an archive and finds the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| archive_error(path, error))?;
    let mut group = ArrayGroup {
        path: Vec::new(),
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
                _ if header.has_objects() => ArrayKind::Objects,
                _ => ArrayKind::Other(header.descr().to_owned()),
            },
            handle: number,
        });
    }
    group.total = group.arrays.len();
    match choose(&[group], options)? {
        Choice::Matrix(matrix, ids) => {
            let accessions = ids
                .map(|ids| texts(path, &mut archive, ids.handle))
                .transpose()?;
            unpack(&mut archive, &[matrix], None, options, accessions)
        }
        Choice::Vectors(group, left_out) => {
            let names = group.arrays.iter().map(|array| array.name.clone());
            let names = Some(names.collect());
            let pool = options.embeddings.pool;
            unpack(&mut archive, &group.arrays, pool, options, names)?
                .with_vectors(left_out, options)
        }
        // An archive has one group.
        Choice::ProteinGroups(..) | Choice::Tree => Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of embeddings",
        }),
    }
}

/// Whether a zip file has members of `numpy.savez`, or none. A damaged one counts as such.
pub(super) fn is_npz(file: &File) -> bool {
    let Ok(archive) = ZipArchive::new(BufReader::new(file)) else {
        return true;
    };
    let mut names = archive.file_names().peekable();
    names.peek().is_none() || names.any(|name| name.is_ok_and(|name| name.ends_with(".npy")))
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
    archive: &mut Archive,
    arrays: &[Array<usize>],
    pool: Option<Pool>,
    options: &OpenOptions<'_>,
    accessions: Option<Vec<String>>,
) -> Result<Opened, FormatError> {
    let path = options.path;
    let mut unpacked = ScratchRows::create(path, options.scratch)?;
    let mut residues = Vec::new();
    let mut first = None;
    let mut total = 0;
    for array in arrays {
        let (rows, width, dtype) =
            with_member(path, archive, array.handle, |name, header, data| {
                residues.extend(pool.and_then(|_| residues_of(&header)));
                unpack_member(options, name, &header, data, pool, &mut unpacked)
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
    let rows = Rows::Matrix(unpacked.finish(path, (total, width), dtype)?);
    Ok(Opened {
        residues,
        ..Opened::new(rows, accessions)
    })
}

/// Reads one `.npy` file per protein: a vector, or a matrix of residues that is averaged.
pub(super) fn open_files(
    files: &[ProteinFile],
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let pool = options.embeddings.pool;
    let mut residues = Vec::new();
    let mut unpacked = ScratchRows::create(options.path, options.scratch)?;
    let mut first = None;
    for file in files {
        let path = &file.path;
        let unreadable = FormatError::unreadable(path);
        let mut data = BufReader::new(File::open(path).map_err(&unreadable)?);
        let mut start = [0; 8];
        let got = read_up_to(&mut data, &mut start).map_err(&unreadable)?;
        if got < 8 || !start.starts_with(b"\x93NUMPY") {
            return Err(FormatError::matrix(
                path,
                "this is not an .npy file",
                "save the embedding with numpy.save",
            ));
        }
        let (header, _) = Header::read(&start, &mut data).map_err(|error| error.with_path(path))?;
        if pool.is_none() && !matches!(*header.shape.as_slice(), [_] | [1, _]) {
            let shape: Vec<String> = header.shape.iter().map(usize::to_string).collect();
            return Err(FormatError::PerResidue {
                path: path.clone(),
                contents: vec![format!("{} ({})", file.name, shape.join(" × "))],
            });
        }
        residues.extend(pool.and_then(|_| residues_of(&header)));
        let in_file = OpenOptions { path, ..*options };
        let (_, width, dtype) = unpack_member(
            &in_file,
            &file.name,
            &header,
            &mut data,
            pool,
            &mut unpacked,
        )?;
        let (width_of_first, dtype_of_first) = *first.get_or_insert((width, dtype));
        if (width, dtype) != (width_of_first, dtype_of_first) {
            return Err(FormatError::matrix(
                path,
                format!(
                    "it has {width} {}, but the first file has {width_of_first} {}",
                    dtype.name(),
                    dtype_of_first.name()
                ),
                "give vectors of one width and one type, one per protein",
            ));
        }
    }
    let Some((width, dtype)) = first else {
        return Err(FormatError::Empty {
            path: options.path.to_owned(),
            expected: "file",
        });
    };
    let shape = checked_shape(options.path, files.len() as u64, width as u64)?;
    let rows = Rows::Matrix(unpacked.finish(options.path, shape, dtype)?);
    let names = files.iter().map(|file| file.name.clone()).collect();
    Ok(Opened {
        residues,
        ..Opened::new(rows, Some(names))
    })
}

/// How many rows of residues an array has; 0 for a vector.
fn residues_of(header: &Header) -> Option<u64> {
    Some(match *header.shape.as_slice() {
        [rows, _] | [1, rows, _] => rows as u64,
        _ => 0,
    })
}

/// How the numbers of a member are stored. A vector is a single row.
fn member_layout(
    header: &Header,
    pool: Option<Pool>,
) -> Result<MatrixLayout, (String, &'static str)> {
    let vectors = match *header.shape.as_slice() {
        [width] => (1, width),
        [1, rows, width] if pool.is_some() => (rows, width),
        _ => return header.matrix(),
    };
    header.with_shape(vectors)
}

/// Appends the numbers of one member to `unpacked`. Returns its rows, its columns and its type.
fn unpack_member(
    options: &OpenOptions<'_>,
    name: &str,
    header: &Header,
    data: &mut dyn Read,
    pool: Option<Pool>,
    unpacked: &mut ScratchRows,
) -> Result<(usize, usize, MatrixType), FormatError> {
    let path = options.path;
    let invalid = |(problem, remedy): (String, &'static str)| {
        FormatError::matrix(path, format!("{name}: {problem}"), remedy)
    };
    let unreadable = FormatError::unreadable(path);
    let layout = member_layout(header, pool).map_err(invalid)?;
    let dtype = layout.dtype;
    let (rows, width) = checked_shape(path, layout.rows as u64, layout.width as u64)?;
    let mut mean = pool.map(|_| Mean::new(dtype, width));
    let mut push = |numbers: &mut [u8]| {
        if layout.big_endian {
            swap(numbers, dtype.bytes());
        }
        match &mut mean {
            Some(mean) => mean.push(numbers),
            None => unpacked.push(numbers)?,
        }
        Ok(())
    };
    let bytes = rows as u64 * (width * dtype.bytes()) as u64;
    let complete = if layout.by_column {
        let mut columns = ScratchRows::create(path, options.scratch)?;
        let complete =
            copy(data, bytes, &mut |numbers| columns.push(numbers)).map_err(&unreadable)?;
        if complete {
            let mut file = columns.into_file(path)?;
            column_order::read_rows(&mut file, 0, (rows, width), dtype.bytes(), &mut push)
                .map_err(&unreadable)?;
        }
        complete
    } else {
        copy(data, bytes, &mut push).map_err(&unreadable)?
    };
    if !complete {
        return Err(invalid((
            format!(
                "its header states {rows} rows of {width} columns, but the array has more or fewer \
                 numbers"
            ),
            "save the archive again with numpy.savez",
        )));
    }
    match (mean, pool) {
        (Some(mean), Some(pool)) => {
            let mean = mean.finish().unwrap_or_default();
            unpacked.push(&mean).map_err(&unreadable)?;
            Ok((1, width, pool.result(dtype)))
        }
        _ => Ok((rows, width, dtype)),
    }
}

/// Calls `take` with pieces of whole numbers. Returns whether the data has exactly `bytes` bytes.
fn copy(
    data: &mut dyn Read,
    bytes: u64,
    take: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
) -> io::Result<bool> {
    let mut left = bytes;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let want = left.min(PIECE as u64) as usize;
        let got = read_up_to(data, &mut piece[..want])?;
        take(&mut piece[..got])?;
        left -= got as u64;
        if got < want {
            break;
        }
    }
    // Reading past the end makes the archive verify its checksum.
    let more = read_up_to(data, &mut [0])?;
    Ok(left == 0 && more == 0)
}

fn texts(path: &Path, archive: &mut Archive, number: usize) -> Result<Vec<String>, FormatError> {
    with_member(path, archive, number, |name, header, data| {
        npy_strings::read(&header, data).map_err(|error| error.in_array(path, name))
    })
}
