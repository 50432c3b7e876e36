//! Reads embeddings: `.npy`, `.npz`, HDF5, Parquet, Feather, PyTorch, safetensors and tables of text.

mod arrays;
#[cfg(feature = "parquet")]
mod arrow;
mod choice;
mod column_order;
#[cfg(feature = "parquet")]
mod columnar;
mod container;
mod directory;
mod hdf5;
mod npz;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod pool;
mod protein_file;
mod protein_groups;
mod reader;
mod row_names;
mod safetensors;
mod scratch;
mod table;
mod tensors;
mod torch;

#[cfg(feature = "parquet")]
pub use columnar::TakeScoredTerms;
pub(crate) use container::describe;
pub use options::{ArrayNames, EmbeddingOptions};
pub use pool::Pool;
pub use reader::EmbeddingReader;
pub use row_names::{FoundRow, NameRule};

#[cfg(feature = "parquet")]
use std::io::Read as _;
use std::path::Path;

#[cfg(feature = "parquet")]
use protea_ontology::compressed::open_input;

use options::OpenOptions;

use super::{
    FormatError,
    npy::{MatrixReader, WIDEST},
};

/// Where the numbers are.
enum Rows {
    Matrix(MatrixReader),
    Vectors(Box<hdf5::Vectors>),
}

/// The embeddings that were found in a file.
struct Opened {
    rows: Rows,
    /// The accessions in the order of the rows; `None` if the file does not have them.
    accessions: Option<Vec<String>>,
    /// For each row that was averaged, how many rows of residues it had; empty if nothing was averaged.
    /// 0 stands for a vector that needed no averaging.
    residues: Vec<u64>,
    /// Names of the arrays beside the embeddings that are single values, which are left out.
    left_out: Vec<String>,
    /// With a separate list of accessions and vectors that are numbered: the row of each line of the
    /// list. Empty if line i names row i.
    order: Vec<usize>,
}

impl Opened {
    fn new(rows: Rows, accessions: Option<Vec<String>>) -> Self {
        Self {
            rows,
            accessions,
            residues: Vec::new(),
            left_out: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Of vectors with names: a separate list of accessions is in the order of their numbers.
    fn with_vectors(
        mut self,
        left_out: Vec<String>,
        options: &OpenOptions<'_>,
    ) -> Result<Self, FormatError> {
        self.left_out = left_out;
        if options.has_id_list {
            let names = self.accessions.as_deref().unwrap_or_default();
            self.order = arrays::numbered(names).ok_or_else(|| {
                FormatError::matrix(
                    options.path,
                    "each of its embeddings has a name, and these are not the numbers of the lines of \
                     a list",
                    "do not give accessions",
                )
            })?;
        }
        Ok(self)
    }
}

/// Reads predictions in Parquet or Feather: the columns `accession`, `term` and `score`, in any order,
/// among others. Memory is bounded; in Feather, by the largest record batch. Ends early if `take` returns
/// false.
///
/// # Errors
///
/// [`FormatError::Read`] if the file cannot be read; [`FormatError::Matrix`] if it is damaged, lacks a
/// column or has a null; [`FormatError::NotBuilt`] for data in Zstandard in a build without it.
#[cfg(feature = "parquet")]
pub fn read_scored_terms(path: &Path, take: &mut TakeScoredTerms<'_>) -> Result<(), FormatError> {
    let unreadable = FormatError::unreadable(path);
    let mut file = open_input(path).map_err(&unreadable)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut start)
        .map_err(&unreadable)?;
    if arrow::is_arrow(&start) {
        arrow::read_scored_terms(path, file, take)
    } else {
        parquet::read_scored_terms(path, file, take)
    }
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
