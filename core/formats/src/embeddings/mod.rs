//! Embeddings in whatever file they come: `.npy`, `.npz`, HDF5 or Parquet.

mod choice;
mod hdf5;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod scratch;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use half::f16;
use protea_hdf5::MatrixType;

use super::npy::{self, MatrixReader, WIDEST};
use super::{FormatError, accession, read_ids};
use protea_ontology::compressed::open_seekable;

/// Which of several arrays of a file are meant. Needed only where that is not plain from the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrayNames {
    /// The matrix: a dataset of an HDF5 file (or a group with one dataset per protein), an array of an `.npz` file, a
    /// column of a Parquet file.
    pub matrix: Option<String>,
    /// Likewise the accessions of its rows.
    pub ids: Option<String>,
}

/// Embeddings with the accession of each. The numbers stay in their file, or in a scratch file where they have to be
/// unpacked.
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

/// What a file was found to be.
struct Opened {
    rows: Rows,
    /// In the order of the rows; `None` where the file does not say.
    accessions: Option<Vec<String>>,
}

/// What is asked of a file.
struct Wanted<'a> {
    names: &'a ArrayNames,
    /// Whether the accessions come from elsewhere.
    ids_given: bool,
    scratch: &'a Path,
}

impl EmbeddingReader {
    /// Opens a file of embeddings; what it is, its first bytes tell. `ids` is a list with the accession of each row (see
    /// [`read_ids`]); without it the file itself has to name its rows. What has to be unpacked is put into `scratch`, a directory, in
    /// a file without a name.
    ///
    /// | file | what is read |
    /// |---|---|
    /// | `.npy` | see [`MatrixReader`]; needs `ids` |
    /// | `.npz` | a matrix, and an array of texts as long as it; or one vector per protein, named by its accession |
    /// | HDF5 | a group with one vector per protein, as UniProt publishes them; or a matrix, and a dataset of texts as long as it |
    /// | Parquet | a column of texts and a column of lists of numbers (with the cargo feature `parquet`) |
    ///
    /// Numbers are f16, f32 or f64. Each of these may be compressed with gzip or Zstandard as a whole.
    ///
    /// # Errors
    /// [`FormatError::Matrix`] for a file that is damaged, or of another layout; [`FormatError::Choice`] where several things
    /// could be meant, or nothing; [`FormatError::RowCount`] if there are more or fewer accessions than rows;
    /// [`FormatError::NotBuilt`]; [`FormatError::Empty`]; [`FormatError::Read`]; those of [`read_ids`].
    pub fn open(
        path: &Path,
        ids: Option<&Path>,
        names: &ArrayNames,
        scratch: &Path,
    ) -> Result<Self, FormatError> {
        let listed = ids.map(read_ids).transpose()?;
        let wanted = Wanted {
            names,
            ids_given: listed.is_some(),
            scratch,
        };
        let opened = open(path, &wanted)?;
        let accessions = match (listed, opened.accessions) {
            (Some(listed), _) => listed,
            (None, Some(named)) => numbered(path, named)?,
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

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that has the accessions.
    pub fn ids_path(&self) -> &Path {
        &self.ids_path
    }

    /// Whether the accessions are in the file itself, and not in a list beside it.
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

    /// Numbers of a row, at least 1.
    pub fn width(&self) -> usize {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.width(),
            Rows::Vectors(vectors) => vectors.width(),
        }
    }

    /// Type of the numbers.
    pub fn dtype(&self) -> MatrixType {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.dtype(),
            Rows::Vectors(vectors) => vectors.dtype(),
        }
    }

    /// The row of each accession.
    pub fn accessions(&self) -> &HashMap<String, usize> {
        &self.accessions
    }

    /// Appends row `row` (below [`rows`](Self::rows)) to `out` as f32. f64 is rounded; what does not fit becomes infinite.
    ///
    /// # Errors
    /// [`FormatError::Read`]; [`FormatError::Matrix`] for a vector of another width or type than the first.
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
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

    /// The same as f16, rounded to nearest, ties to even.
    ///
    /// # Errors
    /// As those of [`read_f32`](Self::read_f32).
    ///
    /// # Panics
    /// If `row` is not below the number of rows.
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

    /// Number `column` of the row last read, as the file has it.
    #[must_use]
    pub fn source_value(&self, column: usize) -> f64 {
        match &self.rows {
            Rows::Matrix(matrix) => matrix.source_value(column),
            Rows::Vectors(vectors) => npy::value(vectors.dtype(), vectors.last(), column),
        }
    }
}

fn open(path: &Path, wanted: &Wanted<'_>) -> Result<Opened, FormatError> {
    let known = |start: &[u8]| Container::of(start).is_some();
    let opened =
        open_seekable(path, wanted.scratch, known).map_err(FormatError::unreadable(path))?;
    let found = opened.and_then(|opened| Some((Container::of(&opened.start)?, opened.file)));
    match found {
        Some((Container::Hdf5, file)) => hdf5::open(path, file, wanted),
        Some((Container::Npz, file)) => npz::open(path, file, wanted),
        Some((Container::Parquet, file)) => open_parquet(path, file, wanted),
        Some((Container::Npy, file)) => {
            if let Some(name) = wanted.names.matrix.as_ref().or(wanted.names.ids.as_ref()) {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "an .npy file holds one matrix without names, and so nothing called {name:?}"
                    ),
                    "leave the name out",
                ));
            }
            Ok(Opened {
                rows: Rows::Matrix(MatrixReader::of_file(path, file)?),
                accessions: None,
            })
        }
        None => Err(FormatError::matrix(
            path,
            "this is no file of embeddings",
            "give .npy, .npz, HDF5 or Parquet; numpy.save('matrix.npy', matrix) makes one",
        )),
    }
}

/// What a file is.
enum Container {
    Hdf5,
    Npz,
    Parquet,
    Npy,
}

impl Container {
    /// Tells it by the first bytes.
    fn of(start: &[u8]) -> Option<Self> {
        // A user block of HDF5 pushes its signature back, to a power of two.
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
fn open_parquet(path: &Path, file: File, wanted: &Wanted<'_>) -> Result<Opened, FormatError> {
    parquet::open(path, file, wanted)
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path, _file: File, _wanted: &Wanted<'_>) -> Result<Opened, FormatError> {
    Err(FormatError::NotBuilt {
        path: path.to_owned(),
        format: "Parquet",
        feature: "parquet",
    })
}

/// The row of each accession.
fn numbered(path: &Path, names: Vec<String>) -> Result<HashMap<String, usize>, FormatError> {
    let mut rows = HashMap::with_capacity(names.len());
    for (row, name) in names.into_iter().enumerate() {
        let Some(accession) = accession::from_word(&name) else {
            return Err(FormatError::matrix(
                path,
                format!(
                    "the name of row {row}, {}, is no accession",
                    super::error::excerpt(name.as_bytes())
                ),
                "name each embedding by its accession",
            ));
        };
        if let Some(first) = rows.insert(accession.to_owned(), row) {
            return Err(FormatError::matrix(
                path,
                format!("rows {first} and {row} are both of {accession}"),
                "keep one of the two",
            ));
        }
    }
    Ok(rows)
}

/// Checks what every matrix must be.
fn checked_shape(path: &Path, rows: u64, width: u64) -> Result<(usize, usize), FormatError> {
    if rows == 0 || width == 0 {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            what: "row of embeddings",
        });
    }
    match (usize::try_from(rows), usize::try_from(width)) {
        (Ok(rows), Ok(width)) if width <= WIDEST && rows <= i32::MAX as usize => Ok((rows, width)),
        _ => Err(FormatError::matrix(
            path,
            format!(
                "it has {rows} rows of {width} columns, and more than {WIDEST} columns are not taken"
            ),
            "give one row per protein and one column per feature",
        )),
    }
}
