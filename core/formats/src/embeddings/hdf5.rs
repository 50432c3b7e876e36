//! Reads embeddings from HDF5.

use std::{fs::File, path::Path};

use protea_hdf5::{Dataset, Hdf5, Hdf5Error, Kind, MatrixType, Node};

use super::{
    FormatError, MatrixReader, OpenOptions, Opened, Rows, WIDEST, checked_shape,
    choice::{Array, ArrayGroup, ArrayKind, Choice, INSPECTED, choose},
    scratch::{ScratchRows, swap},
};

/// Limit of the groups that are inspected.
const MOST_GROUPS: usize = 256;

/// Adds the path to an error of the HDF5 reader.
fn in_file(path: &Path) -> impl Fn(Hdf5Error) -> FormatError {
    move |error| match error {
        Hdf5Error::Io(source) => FormatError::unreadable(path)(source),
        Hdf5Error::Invalid { problem, remedy } => FormatError::matrix(path, problem, remedy),
        other => FormatError::matrix(path, other.to_string(), "write it again with h5py"),
    }
}

/// Opens an HDF5 file and finds the embeddings in it.
pub(super) fn open(
    path: &Path,
    file: File,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let with_path = in_file(path);
    let mut hdf5 = Hdf5::open(file).map_err(&with_path)?;
    let groups = survey(&mut hdf5).map_err(&with_path)?;
    match choose(path, &groups, options.names, options.has_id_list)? {
        Choice::Vectors(group) => vectors(path, hdf5, group.handle),
        Choice::Matrix(matrix, ids) => {
            let ids = ids
                .map(|ids| texts(&mut hdf5, &ids))
                .transpose()
                .map_err(&with_path)?;
            Ok(Opened {
                rows: Rows::Matrix(matrix_of(path, hdf5, matrix.handle, options.scratch)?),
                accessions: ids,
            })
        }
    }
}

/// Lists the groups of a file, starting at the root.
fn survey(hdf5: &mut Hdf5) -> Result<Vec<ArrayGroup<u64>>, Hdf5Error> {
    let mut waiting = vec![(String::new(), hdf5.root())];
    let mut seen = vec![hdf5.root()];
    let mut groups = Vec::new();
    while let Some((name, at)) = waiting.pop() {
        let members = hdf5.members(at)?;
        let mut group = ArrayGroup {
            name,
            arrays: Vec::new(),
            total: members.len(),
            handle: at,
        };
        for (member, at) in members.into_iter().take(INSPECTED) {
            let name = match group.name.as_str() {
                "" => member,
                group => format!("{group}/{member}"),
            };
            match hdf5.node_at(at)? {
                Node::Group if seen.len() < MOST_GROUPS && !seen.contains(&at) => {
                    seen.push(at);
                    waiting.push((name, at));
                }
                Node::Group | Node::Other => {}
                Node::Dataset(dataset) => group.arrays.push(array(name, at, *dataset)),
            }
        }
        groups.push(group);
    }
    Ok(groups)
}

fn array(name: String, at: u64, dataset: Dataset) -> Array<u64> {
    Array {
        name,
        dims: dataset.dims,
        kind: match dataset.kind {
            Kind::Float { dtype, .. } => ArrayKind::Float(dtype),
            Kind::FixedString | Kind::VariableString => ArrayKind::Text,
            Kind::Other(words) => ArrayKind::Other(words),
        },
        handle: at,
    }
}

fn dataset(hdf5: &mut Hdf5, at: u64) -> Result<Dataset, Hdf5Error> {
    match hdf5.node_at(at)? {
        Node::Dataset(dataset) => Ok(*dataset),
        Node::Group | Node::Other => Err(Hdf5Error::Invalid {
            problem: "a group of vectors contains an object that is not a vector".into(),
            remedy: "put the embeddings into a separate group and name it",
        }),
    }
}

fn texts(hdf5: &mut Hdf5, ids: &Array<u64>) -> Result<Vec<String>, Hdf5Error> {
    let dataset = dataset(hdf5, ids.handle)?;
    let mut texts = Vec::new();
    hdf5.read_strings(&dataset, |text| {
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
    let with_path = in_file(path);
    let dataset = dataset(&mut hdf5, at).map_err(&with_path)?;
    let (&[rows, width], &Kind::Float { dtype, big_endian }) =
        (dataset.dims.as_slice(), &dataset.kind)
    else {
        return Err(FormatError::matrix(
            path,
            format!(
                "the embeddings are {}, not a matrix of numbers",
                dataset.describe()
            ),
            "give f16, f32 or f64 with one row per protein",
        ));
    };
    let shape = checked_shape(path, rows, width)?;
    if !big_endian && let Some(start) = hdf5.contiguous_offset(&dataset).map_err(&with_path)? {
        return MatrixReader::from_rows(path, hdf5.into_file(), start, shape, dtype);
    }
    let mut unpacked = ScratchRows::create(path, scratch)?;
    hdf5.read_values(&dataset, &mut |piece| {
        if big_endian {
            unpacked.push_swapped(piece, dtype.bytes())?;
        } else {
            unpacked.push(piece)?;
        }
        Ok(())
    })
    .map_err(&with_path)?;
    unpacked.finish(path, shape, dtype)
}

fn vectors(path: &Path, mut hdf5: Hdf5, group: u64) -> Result<Opened, FormatError> {
    let with_path = in_file(path);
    let members = hdf5.members(group).map_err(&with_path)?;
    let (names, places): (Vec<String>, Vec<u64>) = members.into_iter().unzip();
    let first = places.first().copied().ok_or_else(|| FormatError::Empty {
        path: path.to_owned(),
        expected: "vector",
    })?;
    let first = dataset(&mut hdf5, first).map_err(&with_path)?;
    let width = first.dims.last().copied().unwrap_or(0);
    let Kind::Float { dtype, .. } = first.kind else {
        return Err(FormatError::matrix(
            path,
            format!("the first vector is {}", first.describe()),
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

/// A group with one dataset per protein, each read on request.
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

    /// The vector that was read last, little-endian.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// Reads the vector of a row, little-endian.
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
                        "{} is {}, but the first is {} {}",
                        self.names[row],
                        found.describe(),
                        self.width,
                        self.dtype.name()
                    ),
                    "give vectors of one width and one type, one per protein",
                ));
            }
        };
        self.last = self
            .hdf5
            .read_whole(&found, (WIDEST * 8) as u64)
            .map_err(in_file(path))?;
        if big_endian {
            swap(&mut self.last, self.dtype.bytes());
        }
        Ok(&self.last)
    }
}
