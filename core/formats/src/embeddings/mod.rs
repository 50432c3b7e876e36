//! Reads embeddings: `.npy`, `.npz`, HDF5, Parquet, PyTorch, safetensors and tables of text.

mod arrays;
mod choice;
mod column_order;
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

pub(crate) use container::describe;
pub use options::{ArrayNames, EmbeddingOptions};
#[cfg(feature = "parquet")]
pub use parquet::{TakeScoredTerms, read_scored_terms};
pub use pool::Pool;
pub use reader::EmbeddingReader;
pub use row_names::{FoundRow, NameRule};

use std::path::Path;

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
