//! What can be wrong with an HDF5 file.

use std::io;

/// An HDF5 file cannot be read. The file has no name here: the caller adds it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Hdf5Error {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is damaged, or has what is not read here.
    #[error("{problem}; {remedy}")]
    Invalid {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// The file contradicts itself or its format.
pub(super) fn broken(problem: impl std::fmt::Display) -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: format!("the HDF5 file is damaged: {problem}"),
        remedy: "copy it again, or write it again with h5py",
    }
}

/// The file is sound as far as one can see, but uses what is not read here.
pub(super) fn unsupported(problem: impl std::fmt::Display) -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: format!("the HDF5 file {problem}, which is not read here"),
        remedy: "copy the embeddings to a plain file with h5py: out.create_dataset(name, data=values)",
    }
}
