//! One of the files of a directory with one file of embeddings per protein.

use std::path::PathBuf;

/// The file of a protein.
pub(super) struct ProteinFile {
    pub path: PathBuf,
    /// The name of the protein, if the file does not have it.
    pub name: String,
}
