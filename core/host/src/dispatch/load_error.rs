//! Why a runner of the catalog does not load.

use std::path::PathBuf;

use protea_contracts::abi::host::OpenError;

use super::DispatchError;
use crate::catalog::CatalogError;

/// Why a runner of the catalog does not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file changed since the catalog read it.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The library does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The runner does not describe itself.
    #[error("{} cannot be loaded as a runner", path.display())]
    Describe {
        /// The library.
        path: PathBuf,
        /// The error of the call.
        source: Box<DispatchError>,
    },
    /// The descriptor in the file differs from that of the loaded runner.
    #[error(
        "{}: its descriptor says {in_file}, the loaded runner says {loaded}; do not trust it",
        path.display()
    )]
    DescriptorLies {
        /// The library.
        path: PathBuf,
        /// Name and version in the file.
        in_file: String,
        /// Name and version that the code gives.
        loaded: String,
    },
}
