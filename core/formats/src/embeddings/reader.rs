//! The rows of a file of embeddings, with their names.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use half::f16;
use protea_hdf5::MatrixType;

use super::{
    ArrayNames, EmbeddingOptions, FormatError, FoundRow, OpenOptions, Rows, container,
    row_names::RowNames,
};
use crate::{npy, read_ids};

/// Embeddings with their accessions. The numbers stay in their file, or in a scratch file if they
/// have to be decompressed.
pub struct EmbeddingReader {
    path: PathBuf,
    ids_path: PathBuf,
    rows: Rows,
    names: RowNames,
    residues: Vec<u64>,
    left_out: Vec<String>,
}

impl EmbeddingReader {
    /// Opens a file of embeddings with the default options. See [`open_with`](Self::open_with).
    ///
    /// # Errors
    ///
    /// Those of [`open_with`](Self::open_with).
    pub fn open(
        path: &Path,
        ids: Option<&Path>,
        names: &ArrayNames,
        scratch: &Path,
    ) -> Result<Self, FormatError> {
        let options = EmbeddingOptions {
            names: names.clone(),
            pool: None,
        };
        Self::open_with(path, ids, &options, scratch)
    }

    /// Opens a file of embeddings. The format is detected from the first bytes. `ids` is a list
    /// with the accession of each row (see [`read_ids`]); without it the file itself must name its
    /// rows. Decompressed data goes to an unnamed file in the directory `scratch`.
    ///
    /// | file | content |
    /// |---|---|
    /// | `.npy` | a matrix; needs `ids` |
    /// | `.npz` | a matrix, and an array of strings of the same length; or one vector per protein, named by its accession |
    /// | HDF5 | a group with one vector per protein, named by its key or its attribute `original_id`; a matrix, and a dataset of strings of the same length; or a group per protein, as FANTASIA writes them |
    /// | Parquet | a column of strings and a column of lists of numbers, or one column per dimension (with the cargo feature `parquet`) |
    /// | Feather | the same as Parquet (with the same cargo feature): Arrow IPC, a file or a stream |
    /// | PyTorch | the zip file of `torch.save`: a tensor (needs `ids`), a dictionary of tensors, or a tensor and a list of strings. No code of the file is executed |
    /// | directory | files of ESM's `extract.py`, one per protein; or a file `ACCESSION.npy` for each protein |
    /// | safetensors | one tensor per protein; or one matrix (needs `ids`) |
    /// | text | a row per protein: its name and its numbers, separated by commas, semicolons, tabs or blanks |
    ///
    /// Numbers are f16, f32 or f64, and bfloat16 in PyTorch and safetensors. Each of these files may
    /// be compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// [`FormatError::Matrix`] for a damaged file or an unsupported layout; [`FormatError::Choice`]
    /// if no array or several arrays could be the embeddings; [`FormatError::PerResidue`] for
    /// embeddings of residues without [`EmbeddingOptions::pool`]; [`FormatError::Pickle`] for a file
    /// that is a Python program rather than data; [`FormatError::RowCount`] if the number of
    /// accessions is not the number of rows; [`FormatError::NotBuilt`] if this build lacks the
    /// format; [`FormatError::Malformed`] for an invalid line of a text; [`FormatError::Empty`] for
    /// a file without rows; [`FormatError::Read`] if reading fails; those of [`read_ids`].
    pub fn open_with(
        path: &Path,
        ids: Option<&Path>,
        embeddings: &EmbeddingOptions,
        scratch: &Path,
    ) -> Result<Self, FormatError> {
        let listed = ids.map(read_ids).transpose()?;
        let options = OpenOptions {
            path,
            embeddings,
            has_id_list: listed.is_some(),
            scratch,
        };
        let opened = container::open(&options)?;
        let names = match (listed, opened.accessions) {
            (Some(mut listed), _) => {
                // The lines of the list are in the order of the numbers that the file gives its vectors.
                for row in listed.values_mut() {
                    *row = opened.order.get(*row).copied().unwrap_or(*row);
                }
                RowNames::of_list(listed)
            }
            (None, Some(names)) => RowNames::of_file(path, names)?,
            (None, None) => {
                return Err(FormatError::Nameless {
                    path: path.to_owned(),
                });
            }
        };
        let reader = Self {
            path: path.to_owned(),
            ids_path: ids.unwrap_or(path).to_owned(),
            rows: opened.rows,
            names,
            residues: opened.residues,
            left_out: opened.left_out,
        };
        if reader.names.len() != reader.rows() && reader.names.len() == reader.width() {
            return Err(FormatError::matrix(
                path,
                format!(
                    "the matrix has {} rows and {} columns, as many as there are accessions: it is \
                     transposed",
                    reader.rows(),
                    reader.width()
                ),
                "save it with one row per protein: matrix.T",
            ));
        }
        if reader.names.len() != reader.rows() {
            return Err(FormatError::RowCount {
                ids_path: reader.ids_path.clone(),
                ids: reader.names.len(),
                matrix_path: reader.path.clone(),
                rows: reader.rows(),
            });
        }
        Ok(reader)
    }

    /// Opens a matrix to look at its numbers, without the names of its rows.
    pub(crate) fn open_unnamed(
        path: &Path,
        embeddings: &EmbeddingOptions,
        scratch: &Path,
    ) -> Result<Self, FormatError> {
        let opened = container::open(&OpenOptions {
            path,
            embeddings,
            has_id_list: true,
            scratch,
        })?;
        Ok(Self {
            path: path.to_owned(),
            ids_path: path.to_owned(),
            rows: opened.rows,
            names: RowNames::of_list(HashMap::new()),
            residues: opened.residues,
            left_out: opened.left_out,
        })
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
        self.names.accessions()
    }

    /// The first names of the rows, as the file has them.
    #[must_use]
    pub fn name_examples(&self, most: usize) -> Vec<String> {
        self.names.examples(most)
    }

    /// Finds the row of a protein by its accession, with the rules of
    /// [`NameRule`](super::NameRule). The names of a separate list must be the accessions
    /// themselves, because the list was made for these proteins.
    ///
    /// # Errors
    ///
    /// [`FormatError::AmbiguousName`] if a rule finds several rows; [`FormatError::SharedName`] if
    /// the row is that of a protein that was found before.
    pub fn find(&mut self, accession: &str) -> Result<Option<FoundRow>, FormatError> {
        self.names.find(&self.path, accession)
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

    /// Names of the arrays beside the embeddings that are single values, such as the number of a layer.
    /// They are not read.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Whether the file numbers its rows instead of naming them, as a list of tensors does.
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        self.names_its_rows() && super::arrays::numbered(&self.name_examples(usize::MAX)).is_some()
    }

    /// How many rows of residues row `row`, which was read last, is the mean of; `None` if it is not a
    /// mean.
    #[must_use]
    pub fn averaged_rows(&self, row: usize) -> Option<u64> {
        let rows = match &self.rows {
            Rows::Matrix(_) => self.residues.get(row).copied(),
            Rows::Vectors(vectors) => vectors.residues(),
        };
        // One row is a vector that was stored as a matrix.
        rows.filter(|&rows| rows > 1)
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
