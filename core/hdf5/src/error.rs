//! Errors of reading an HDF5 file.

use std::io;

/// An HDF5 file cannot be read. The error does not name the file; the caller adds the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Hdf5Error {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is damaged or uses an unsupported feature.
    #[error("{problem}; {remedy}")]
    Invalid {
        /// The problem.
        problem: String,
        /// How to fix it.
        remedy: &'static str,
    },
}

/// An error for a file that contradicts itself or its format.
pub(super) fn damaged(problem: impl std::fmt::Display) -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: format!("the HDF5 file is damaged: {problem}"),
        remedy: "copy the file again, or write it again with h5py",
    }
}

/// An error for a valid file that uses a feature this crate does not support. `problem` completes
/// the sentence "the HDF5 file …".
pub(super) fn unsupported(problem: impl std::fmt::Display) -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: format!("the HDF5 file {problem}, which is not supported"),
        remedy: "copy the embeddings to a plain file with h5py: out.create_dataset(name, data=values)",
    }
}
