//! Embeddings in HDF5.

use std::fs::File;
use std::path::Path;

use protea_hdf5::{Dataset, Hdf5, Hdf5Error, Kind, MatrixType, Node};

use super::choice::{Array, ArrayKind, Choice, LOOKED_AT, Shelf, choose};
use super::scratch::{ScratchRows, swap};
use super::{FormatError, MatrixReader, Opened, Rows, WIDEST, Wanted, checked_shape};

/// Groups that are looked into.
const MOST_GROUPS: usize = 256;

/// Names the file in an error of the HDF5 reader.
fn in_file(path: &Path) -> impl Fn(Hdf5Error) -> FormatError {
    move |error| match error {
        Hdf5Error::Io(source) => FormatError::unreadable(path)(source),
        Hdf5Error::Invalid { problem, remedy } => FormatError::matrix(path, problem, remedy),
        other => FormatError::matrix(path, other.to_string(), "write it again with h5py"),
    }
}

/// Opens an HDF5 file and finds the embeddings in it.
pub(super) fn open(path: &Path, file: File, wanted: &Wanted<'_>) -> Result<Opened, FormatError> {
    let named = in_file(path);
    let mut hdf5 = Hdf5::open(file).map_err(&named)?;
    let shelves = survey(&mut hdf5).map_err(&named)?;
    match choose(path, &shelves, wanted.names, wanted.ids_given)? {
        Choice::Vectors(group) => vectors(path, hdf5, group.handle),
        Choice::Matrix(matrix, ids) => {
            let ids = ids
                .map(|ids| texts(&mut hdf5, &ids))
                .transpose()
                .map_err(&named)?;
            Ok(Opened {
                rows: Rows::Matrix(matrix_of(path, hdf5, matrix.handle, wanted.scratch)?),
                accessions: ids,
            })
        }
    }
}

/// The groups of a file, from the root downwards.
fn survey(hdf5: &mut Hdf5) -> Result<Vec<Shelf<u64>>, Hdf5Error> {
    let mut waiting = vec![(String::new(), hdf5.root())];
    let mut seen = vec![hdf5.root()];
    let mut shelves = Vec::new();
    while let Some((name, at)) = waiting.pop() {
        let members = hdf5.members(at)?;
        let mut shelf = Shelf {
            name,
            arrays: Vec::new(),
            total: members.len(),
            handle: at,
        };
        for (member, at) in members.into_iter().take(LOOKED_AT) {
            let name = match shelf.name.as_str() {
                "" => member,
                group => format!("{group}/{member}"),
            };
            match hdf5.look(at)? {
                Node::Group if seen.len() < MOST_GROUPS && !seen.contains(&at) => {
                    seen.push(at);
                    waiting.push((name, at));
                }
                Node::Group | Node::Other => {}
                Node::Dataset(dataset) => shelf.arrays.push(array(name, at, *dataset)),
            }
        }
        shelves.push(shelf);
    }
    Ok(shelves)
}

fn array(name: String, at: u64, dataset: Dataset) -> Array<u64> {
    Array {
        name,
        dims: dataset.dims,
        kind: match dataset.kind {
            Kind::Float { dtype, .. } => ArrayKind::Float(dtype),
            Kind::Text | Kind::VaryingText => ArrayKind::Text,
            Kind::Other(words) => ArrayKind::Other(words),
        },
        handle: at,
    }
}

fn dataset(hdf5: &mut Hdf5, at: u64) -> Result<Dataset, Hdf5Error> {
    match hdf5.look(at)? {
        Node::Dataset(dataset) => Ok(*dataset),
        Node::Group | Node::Other => Err(Hdf5Error::Invalid {
            problem: "something in it stands where a vector is expected".into(),
            remedy: "put the embeddings into a group of their own and give its name",
        }),
    }
}

fn texts(hdf5: &mut Hdf5, ids: &Array<u64>) -> Result<Vec<String>, Hdf5Error> {
    let dataset = dataset(hdf5, ids.handle)?;
    let mut texts = Vec::new();
    hdf5.texts(&dataset, |text| {
        texts.push(text);
        Ok(())
    })?;
    Ok(texts)
}

fn matrix_of(
    path: &Path,
    mut hdf5: Hdf5,
    at: u64,
    scratch: &Path,
) -> Result<MatrixReader, FormatError> {
    let named = in_file(path);
    let dataset = dataset(&mut hdf5, at).map_err(&named)?;
    let (&[rows, width], &Kind::Float { dtype, big_endian }) =
        (dataset.dims.as_slice(), &dataset.kind)
    else {
        return Err(FormatError::matrix(
            path,
            format!(
                "the embeddings are {}, no matrix of numbers",
                dataset.shown()
            ),
            "give f16, f32 or f64 with one row per protein",
        ));
    };
    let shape = checked_shape(path, rows, width)?;
    if !big_endian && let Some(start) = hdf5.in_place(&dataset).map_err(&named)? {
        return MatrixReader::of_rows(path, hdf5.into_file(), start, shape, dtype);
    }
    let mut unpacked = ScratchRows::create(path, scratch)?;
    hdf5.values(&dataset, &mut |piece| {
        if big_endian {
            unpacked.push_swapped(piece, dtype.bytes())?;
        } else {
            unpacked.push(piece)?;
        }
        Ok(())
    })
    .map_err(&named)?;
    unpacked.finish(path, shape, dtype)
}

fn vectors(path: &Path, mut hdf5: Hdf5, group: u64) -> Result<Opened, FormatError> {
    let named = in_file(path);
    let members = hdf5.members(group).map_err(&named)?;
    let (names, places): (Vec<String>, Vec<u64>) = members.into_iter().unzip();
    let first = places.first().copied().ok_or_else(|| FormatError::Empty {
        path: path.to_owned(),
        what: "vector",
    })?;
    let first = dataset(&mut hdf5, first).map_err(&named)?;
    let width = first.dims.last().copied().unwrap_or(0);
    let Kind::Float { dtype, .. } = first.kind else {
        return Err(FormatError::matrix(
            path,
            format!("the first vector is {}", first.shown()),
            "give f16, f32 or f64",
        ));
    };
    let (_, width) = checked_shape(path, places.len() as u64, width)?;
    Ok(Opened {
        rows: Rows::Vectors(Vectors {
            hdf5,
            places,
            names: names.clone(),
            width,
            dtype,
            last: Vec::new(),
        }),
        accessions: Some(names),
    })
}

/// One dataset per protein, read when it is asked for.
pub(super) struct Vectors {
    hdf5: Hdf5,
    places: Vec<u64>,
    names: Vec<String>,
    width: usize,
    dtype: MatrixType,
    last: Vec<u8>,
}

impl Vectors {
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn dtype(&self) -> MatrixType {
        self.dtype
    }

    /// The numbers read last, little-endian.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// The numbers of a row, little-endian.
    pub fn fetch(&mut self, row: usize, path: &Path) -> Result<&[u8], FormatError> {
        let found = dataset(&mut self.hdf5, self.places[row]).map_err(in_file(path))?;
        let big_endian = match (&found.kind, found.dims.as_slice()) {
            (&Kind::Float { dtype, big_endian }, &[width] | &[1, width])
                if dtype == self.dtype && width == self.width as u64 =>
            {
                big_endian
            }
            _ => {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "{} is {}, where the first is {} {}",
                        self.names[row],
                        found.shown(),
                        self.width,
                        self.dtype.name()
                    ),
                    "give vectors of one width and one type, one per protein",
                ));
            }
        };
        self.last = self
            .hdf5
            .whole(&found, (WIDEST * 8) as u64)
            .map_err(in_file(path))?;
        if big_endian {
            swap(&mut self.last, self.dtype.bytes());
        }
        Ok(&self.last)
    }
}
