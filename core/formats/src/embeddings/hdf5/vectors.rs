//! One dataset per protein, each read on request.

use std::{collections::HashSet, path::Path};

use protea_hdf5::{Dataset, Hdf5, Hdf5Error, Kind, MatrixType, Node};

use super::{
    super::{
        EmbeddingOptions, FormatError, OpenOptions, Opened, Pool, Rows, WIDEST, arrays::ArrayGroup,
        checked_shape, pool::Mean, protein_groups::FANTASIA_PREFIX,
    },
    dataset, in_file,
};
use crate::npy::swap;

/// The attribute with the name of the protein in files of `bio_embeddings` and `goPredSim`, whose
/// keys are numbers or hashes.
const ORIGINAL_ID: &str = "original_id";
/// Limit of the names of a file, in bytes. In a damaged file many names can refer to the same bytes.
const MAX_NAME_BYTES: usize = 256 << 20;

/// The datasets of a group, named by their keys or by their attribute `original_id`.
pub(super) fn of_group(
    mut hdf5: Hdf5,
    group: &ArrayGroup<u64>,
    left_out: &[String],
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let with_path = in_file(options.path);
    let mut members = hdf5.members(group.handle).map_err(&with_path)?;
    members.retain(|(name, _)| !left_out.contains(name));
    let (mut names, places): (Vec<String>, Vec<u64>) = members.into_iter().unzip();
    let first = places.first().copied().unwrap_or(0);
    if hdf5
        .string_attribute(first, ORIGINAL_ID)
        .map_err(&with_path)?
        .is_some()
    {
        let mut bytes = 0;
        for (name, &at) in names.iter_mut().zip(&places) {
            let id = hdf5.string_attribute(at, ORIGINAL_ID).map_err(&with_path)?;
            *name = id.ok_or_else(|| {
                FormatError::matrix(
                    options.path,
                    format!("{name} has no attribute {ORIGINAL_ID}, but the first dataset has one"),
                    "give every embedding the attribute, or none",
                )
            })?;
            count_name(options.path, &mut bytes, name)?;
        }
    }
    opened(hdf5, names, places, Vec::new(), options)
}

/// The groups in a group, each of which has the dataset `suffix`.
pub(super) fn of_protein_groups(
    mut hdf5: Hdf5,
    parent: u64,
    suffix: Vec<String>,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let members = hdf5.members(parent).map_err(in_file(options.path))?;
    let (mut names, mut places) = (Vec::new(), Vec::new());
    for (name, at) in members {
        // Datasets beside the groups describe the file.
        if matches!(
            hdf5.node_at(at).map_err(in_file(options.path))?,
            Node::Group
        ) {
            names.push(name);
            places.push(at);
        }
    }
    let first = places.first().copied().unwrap_or(0);
    let has_ids = hdf5
        .string_attribute(first, ORIGINAL_ID)
        .map_err(in_file(options.path))?;
    if has_ids.is_some() {
        let mut bytes = 0;
        for (name, &at) in names.iter_mut().zip(&places) {
            let id = hdf5.string_attribute(at, ORIGINAL_ID);
            if let Some(id) = id.map_err(in_file(options.path))? {
                *name = id;
            }
            count_name(options.path, &mut bytes, name)?;
        }
    } else if names.iter().all(|name| name.starts_with(FANTASIA_PREFIX)) {
        for name in &mut names {
            name.drain(..FANTASIA_PREFIX.len());
        }
    }
    opened(hdf5, names, places, suffix, options)
}

/// All datasets of a file, named by their paths.
pub(super) fn of_tree(mut hdf5: Hdf5, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let with_path = in_file(options.path);
    let mut waiting = vec![(String::new(), hdf5.root())];
    let mut seen = HashSet::from([hdf5.root()]);
    let (mut names, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
    while let Some((prefix, at)) = waiting.pop() {
        for (member, at) in hdf5.members(at).map_err(&with_path)? {
            let name = format!("{prefix}{member}");
            count_name(options.path, &mut bytes, &name)?;
            match hdf5.node_at(at).map_err(&with_path)? {
                Node::Group if seen.insert(at) => waiting.push((format!("{name}/"), at)),
                Node::Dataset(_) => {
                    names.push(name);
                    places.push(at);
                }
                Node::Group | Node::Other => {}
            }
        }
    }
    opened(hdf5, names, places, Vec::new(), options)
}

/// Adds the length of a name to `bytes`, which is limited.
fn count_name(path: &Path, bytes: &mut usize, name: &str) -> Result<(), FormatError> {
    *bytes += name.len();
    if *bytes > MAX_NAME_BYTES {
        return Err(FormatError::matrix(
            path,
            "the names of its embeddings take too much memory",
            "name each embedding by its accession",
        ));
    }
    Ok(())
}

fn opened(
    mut hdf5: Hdf5,
    names: Vec<String>,
    places: Vec<u64>,
    suffix: Vec<String>,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let EmbeddingOptions { pool, .. } = options.embeddings;
    let path = options.path;
    let with_path = in_file(path);
    let first = places.first().copied().ok_or_else(|| FormatError::Empty {
        path: path.to_owned(),
        expected: "vector",
    })?;
    let first = resolve(&mut hdf5, first, &suffix).map_err(&with_path)?;
    let width = first.dims.last().copied().unwrap_or(0);
    let Kind::Float { dtype, .. } = first.kind else {
        return Err(FormatError::matrix(
            path,
            format!("the first vector is {}", first.describe()),
            "give f16, f32 or f64",
        ));
    };
    let (_, width) = checked_shape(path, places.len() as u64, width)?;
    Ok(Opened::new(
        Rows::Vectors(Box::new(Vectors {
            hdf5,
            places,
            names: names.clone(),
            suffix,
            width,
            dtype,
            pool: *pool,
            last: Vec::new(),
            residues: 0,
        })),
        Some(names),
    ))
}

/// The dataset `suffix` in the object at an address; the object itself if `suffix` is empty.
fn resolve(hdf5: &mut Hdf5, at: u64, suffix: &[String]) -> Result<Dataset, Hdf5Error> {
    let mut place = at;
    for part in suffix {
        let members = hdf5.members(place)?;
        let found = members.into_iter().find(|(name, _)| name == part);
        (_, place) = found.ok_or_else(|| Hdf5Error::Invalid {
            problem: format!("it has no {}", suffix.join("/")),
            remedy: "compute the missing embedding, or remove the protein",
        })?;
    }
    dataset(hdf5, place)
}

/// One dataset per protein, each read on request.
pub(in super::super) struct Vectors {
    hdf5: Hdf5,
    places: Vec<u64>,
    names: Vec<String>,
    /// Names of the groups and the dataset within the object of each protein.
    suffix: Vec<String>,
    width: usize,
    /// Type of the numbers in the file.
    dtype: MatrixType,
    pool: Option<Pool>,
    last: Vec<u8>,
    /// How many rows of residues the vector that was read last is the mean of; 0 for a vector.
    residues: u64,
}

impl Vectors {
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// Type of the numbers of a row.
    pub fn dtype(&self) -> MatrixType {
        match self.pool {
            Some(pool) => pool.result(self.dtype),
            None => self.dtype,
        }
    }

    /// The vector that was read last, little-endian.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// How many rows of residues the vector that was read last is the mean of; `None` if it is not one.
    pub fn residues(&self) -> Option<u64> {
        self.pool.map(|_| self.residues)
    }

    /// Reads the vector of a row, little-endian.
    pub fn fetch(&mut self, row: usize, path: &Path) -> Result<&[u8], FormatError> {
        let found =
            resolve(&mut self.hdf5, self.places[row], &self.suffix).map_err(
                |error| match error {
                    Hdf5Error::Invalid { problem, remedy } if !self.suffix.is_empty() => {
                        FormatError::matrix(path, format!("{}: {problem}", self.names[row]), remedy)
                    }
                    other => in_file(path)(other),
                },
            )?;
        let fits = match (self.pool, found.dims.as_slice()) {
            (_, &[width] | &[1, width]) => width == self.width as u64,
            (Some(Pool::Mean), &[_, width] | &[1, _, width]) => width == self.width as u64,
            _ => false,
        };
        let big_endian = match found.kind {
            Kind::Float { dtype, big_endian } if fits && dtype == self.dtype => big_endian,
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
        self.residues = match *found.dims.as_slice() {
            [rows, _] | [1, rows, _] => rows,
            _ => 0,
        };
        let size = self.dtype.bytes();
        match self.pool {
            None => {
                self.last = self
                    .hdf5
                    .read_whole(&found, (WIDEST * 8) as u64)
                    .map_err(in_file(path))?;
                if big_endian {
                    swap(&mut self.last, size);
                }
            }
            Some(Pool::Mean) => {
                let mut mean = Mean::new(self.dtype, self.width);
                self.hdf5
                    .read_values(&found, &mut |piece| {
                        if big_endian {
                            let mut swapped = piece.to_vec();
                            swap(&mut swapped, size);
                            mean.push(&swapped);
                        } else {
                            mean.push(piece);
                        }
                        Ok(())
                    })
                    .map_err(in_file(path))?;
                self.last = mean.finish().ok_or_else(|| {
                    FormatError::matrix(
                        path,
                        format!("{} has no residues", self.names[row]),
                        "compute its embedding again",
                    )
                })?;
            }
        }
        Ok(&self.last)
    }
}
