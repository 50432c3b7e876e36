//! Reads embeddings from `.npy`, `.npz`, HDF5 or Parquet.

mod choice;
mod hdf5;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod scratch;

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use half::f16;
use protea_hdf5::MatrixType;
use protea_ontology::compressed::open_seekable;

use super::{
    FormatError, accession,
    npy::{self, MatrixReader, WIDEST},
    read_ids,
};

/// Names of the arrays to read. Needed only if a file has several candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrayNames {
    /// The matrix: a dataset of an HDF5 file (or a group with one dataset per protein), an array of
    /// an `.npz` file, a column of a Parquet file.
    pub matrix: Option<String>,
    /// The accessions of its rows: an array of strings in the same file.
    pub ids: Option<String>,
}

/// Embeddings with their accessions. The numbers stay in their file, or in a scratch file if they
/// have to be decompressed.
pub struct EmbeddingReader {
    path: PathBuf,
    ids_path: PathBuf,
    rows: Rows,
    accessions: HashMap<String, usize>,
}

enum Rows {
    Matrix(MatrixReader),
    Vectors(hdf5::Vectors),
}

/// The embeddings that were found in a file.
struct Opened {
    rows: Rows,
    /// The accessions in the order of the rows; `None` if the file does not have them.
    accessions: Option<Vec<String>>,
}

/// The options of opening a file.
struct OpenOptions<'a> {
    names: &'a ArrayNames,
    /// Whether the accessions come from a separate list.
    has_id_list: bool,
    scratch: &'a Path,
}

impl EmbeddingReader {
    /// Opens a file of embeddings. The format is detected from the first bytes. `ids` is a list
    /// with the accession of each row (see [`read_ids`]); without it the file itself must name its
    /// rows. Decompressed data goes to an unnamed file in the directory `scratch`.
    ///
    /// | file | content |
    /// |---|---|
    /// | `.npy` | see [`MatrixReader`]; needs `ids` |
    /// | `.npz` | a matrix, and an array of strings of the same length; or one vector per protein, named by its accession |
    /// | HDF5 | a group with one vector per protein, as UniProt publishes them; or a matrix, and a dataset of strings of the same length |
    /// | Parquet | a column of strings and a column of lists of numbers (with the cargo feature `parquet`) |
    ///
    /// Numbers are f16, f32 or f64. Each of these files may be compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// [`FormatError::Matrix`] for a damaged file or an unsupported layout; [`FormatError::Choice`]
    /// if no array or several arrays could be the embeddings; [`FormatError::RowCount`] if the
    /// number of accessions is not the number of rows; [`FormatError::NotBuilt`] if this build
    /// lacks the format; [`FormatError::Empty`] for a file without rows; [`FormatError::Read`] if
    /// reading fails; those of [`read_ids`].
    pub fn open(
        path: &Path,
        ids: Option<&Path>,
        names: &ArrayNames,
        scratch: &Path,
    ) -> Result<Self, FormatError> {
        let listed = ids.map(read_ids).transpose()?;
        let options = OpenOptions {
            names,
            has_id_list: listed.is_some(),
            scratch,
        };
        let opened = open(path, &options)?;
        let accessions = match (listed, opened.accessions) {
            (Some(listed), _) => listed,
            (None, Some(names)) => index_rows(path, names)?,
            (None, None) => {
                return Err(FormatError::matrix(
                    path,
                    "the rows of this matrix have no names",
                    "give the list of their accessions, one per line",
                ));
            }
        };
        let reader = Self {
            path: path.to_owned(),
            ids_path: ids.unwrap_or(path).to_owned(),
            rows: opened.rows,
            accessions,
        };
        if reader.accessions.len() != reader.rows() {
            return Err(FormatError::RowCount {
                ids_path: reader.ids_path.clone(),
                ids: reader.accessions.len(),
                matrix_path: reader.path.clone(),
                rows: reader.rows(),
            });
        }
        Ok(reader)
    }

    /// The path of the file of embeddings.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file with the accessions: the list, or the file of embeddings itself.
    pub fn ids_path(&self) -> &Path {
        &self.ids_path
    }

    /// Whether the accessions are in the file of embeddings, not in a separate list.
    pub fn names_its_rows(&self) -> bool {
        self.path == self.ids_path
    }

    /// Number of rows, at least 1.
    pub fn rows(&self) -> usize {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.rows(),
            Rows::Vectors(vectors) => vectors.rows(),
        }
    }

    /// Numbers in a row, at least 1.
    pub fn width(&self) -> usize {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.width(),
            Rows::Vectors(vectors) => vectors.width(),
        }
    }

    /// Type of the numbers in the file.
    pub fn dtype(&self) -> MatrixType {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.dtype(),
            Rows::Vectors(vectors) => vectors.dtype(),
        }
    }

    /// The row of each accession, counted from 0.
    pub fn accessions(&self) -> &HashMap<String, usize> {
        &self.accessions
    }

    /// Appends row `row` to `out` as f32. f64 values are rounded, and become infinite if they
    /// exceed the range of f32.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if reading fails; [`FormatError::Matrix`] for a vector whose width or
    /// type differs from the first.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`rows`](Self::rows).
    pub fn read_f32(&mut self, row: usize, out: &mut Vec<f32>) -> Result<(), FormatError> {
        match &mut self.rows {
            Rows::Matrix(matrix) => matrix.read_f32(row, out),
            Rows::Vectors(vectors) => {
                let dtype = vectors.dtype();
                npy::decode_f32(dtype, vectors.fetch(row, &self.path)?, out);
                Ok(())
            }
        }
    }

    /// Appends row `row` to `out` as f16, rounded to nearest, ties to even.
    ///
    /// # Errors
    ///
    /// Those of [`read_f32`](Self::read_f32).
    ///
    /// # Panics
    ///
    /// If `row` is not below [`rows`](Self::rows).
    pub fn read_f16(&mut self, row: usize, out: &mut Vec<f16>) -> Result<(), FormatError> {
        match &mut self.rows {
            Rows::Matrix(matrix) => matrix.read_f16(row, out),
            Rows::Vectors(vectors) => {
                let dtype = vectors.dtype();
                npy::decode_f16(dtype, vectors.fetch(row, &self.path)?, out);
                Ok(())
            }
        }
    }

    /// The value in column `column` of the row that was read last, before any rounding.
    #[must_use]
    pub fn source_value(&self, column: usize) -> f64 {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.source_value(column),
            Rows::Vectors(vectors) => npy::value(vectors.dtype(), vectors.last(), column),
        }
    }
}

fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let known = |start: &[u8]| Container::detect(start).is_some();
    let opened =
        open_seekable(path, options.scratch, known).map_err(FormatError::unreadable(path))?;
    let found = opened.and_then(|opened| Some((Container::detect(&opened.start)?, opened.file)));
    match found {
        Some((Container::Hdf5, file)) => hdf5::open(path, file, options),
        Some((Container::Npz, file)) => npz::open(path, file, options),
        Some((Container::Parquet, file)) => open_parquet(path, file, options),
        Some((Container::Npy, file)) => {
            if let Some(name) = options.names.matrix.as_ref().or(options.names.ids.as_ref()) {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "an .npy file has one matrix without a name, so nothing is named {name:?}"
                    ),
                    "omit the name",
                ));
            }
            Ok(Opened {
                rows: Rows::Matrix(MatrixReader::from_open_file(path, file)?),
                accessions: None,
            })
        }
        None => Err(FormatError::matrix(
            path,
            "this is not a file of embeddings",
            "give .npy, .npz, HDF5 or Parquet; numpy.save('matrix.npy', matrix) writes one",
        )),
    }
}

/// The format of a file.
enum Container {
    Hdf5,
    Npz,
    Parquet,
    Npy,
}

impl Container {
    /// Detects the format from the first bytes; `None` for any other file.
    fn detect(start: &[u8]) -> Option<Self> {
        // If an HDF5 file has a user block, the signature is at a power of two from 512 on.
        let places = [0, 512, 1024, 2048]
            .into_iter()
            .filter_map(|at| start.get(at..));
        if places.clone().any(protea_hdf5::is_hdf5) {
            Some(Self::Hdf5)
        } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            Some(Self::Npz)
        } else if start.starts_with(b"PAR1") {
            Some(Self::Parquet)
        } else if start.starts_with(b"\x93NUMPY") {
            Some(Self::Npy)
        } else {
            None
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(path: &Path, file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    parquet::open(path, file, options)
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(
    path: &Path,
    _file: File,
    _wanted: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    Err(FormatError::NotBuilt {
        path: path.to_owned(),
        format: "Parquet",
        feature: "parquet",
    })
}

/// The row of each accession, counted from 0.
fn index_rows(path: &Path, names: Vec<String>) -> Result<HashMap<String, usize>, FormatError> {
    let mut rows = HashMap::with_capacity(names.len());
    for (row, name) in names.into_iter().enumerate() {
        let Some(accession) = accession::from_word(&name) else {
            return Err(FormatError::matrix(
                path,
                format!(
                    "the name of row {row}, {}, is not an accession",
                    super::error::excerpt(name.as_bytes())
                ),
                "name each embedding by its accession",
            ));
        };
        if let Some(first) = rows.insert(accession.to_owned(), row) {
            return Err(FormatError::matrix(
                path,
                format!("rows {first} and {row} both have the accession {accession}"),
                "keep one of the two",
            ));
        }
    }
    Ok(rows)
}

/// Checks the limits of the number of rows and columns.
fn checked_shape(path: &Path, rows: u64, width: u64) -> Result<(usize, usize), FormatError> {
    if rows == 0 || width == 0 {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of embeddings",
        });
    }
    match (usize::try_from(rows), usize::try_from(width)) {
        (Ok(rows), Ok(width)) if width <= WIDEST && rows <= i32::MAX as usize => Ok((rows, width)),
        _ => Err(FormatError::matrix(
            path,
            format!("it has {rows} rows of {width} columns; the limit is {WIDEST} columns"),
            "give one row per protein and one column per feature",
        )),
    }
}
