//! The options of opening a file of embeddings.

use std::path::Path;

use super::Pool;

/// Names of the arrays to read. Needed only if a file has several candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrayNames {
    /// The matrix: a dataset of an HDF5 file (or a group with one dataset per protein), an array of
    /// an `.npz` file, a column of a Parquet file, a tensor of a PyTorch or safetensors file. If the
    /// file has a group per protein, the array in each of them, such as `type_3/layer_0`.
    pub matrix: Option<String>,
    /// The accessions of its rows: an array of strings in the same file, or a column.
    pub ids: Option<String>,
}

/// What to read from a file of embeddings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingOptions {
    /// Names of the arrays to read.
    pub names: ArrayNames,
    /// How embeddings of residues become one embedding of their protein. Without it they are an
    /// error.
    pub pool: Option<Pool>,
}

/// The options and the place of a file that is opened.
pub(super) struct OpenOptions<'a> {
    /// The file or directory, for messages and to open its parts.
    pub path: &'a Path,
    pub embeddings: &'a EmbeddingOptions,
    /// Whether the accessions come from a separate list.
    pub has_id_list: bool,
    pub scratch: &'a Path,
}
