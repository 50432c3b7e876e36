//! Why a plan cannot be exported.

use std::path::PathBuf;

use super::super::error::EngineError;
use crate::WorkspaceError;

/// Why a plan cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A path cannot be written into a text file.
    #[error("the path {} is not UTF-8, and generated files are", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// The file must have a certain name for its engine to find it.
    #[error("the file is named {found}; the engine finds it only as {expected}")]
    Name {
        /// The name that was asked for.
        found: String,
        /// The name that it must have.
        expected: &'static str,
    },
    /// The plan cannot be read, or a file cannot be written.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The signac project beside the file cannot be written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}
