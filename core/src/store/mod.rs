//! The store: where artefacts live, addressed by URI.
//!
//! This build reads and writes `file://`; a runner always sees local paths.

mod staging;

use std::path::{Path, PathBuf};

use url::Url;

pub use staging::{Staging, write_atomic};

/// Why something cannot be read from or written to the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text is neither a path nor a URI.
    #[error("{location:?} is neither a path nor a URI: {reason}")]
    Location {
        /// The text.
        location: String,
        /// Why.
        reason: String,
    },
    /// The URI's scheme is not one that this build knows.
    #[error("{uri} cannot be reached: this build knows file:// URIs and plain paths only")]
    Scheme {
        /// The URI.
        uri: Url,
    },
    /// Something is there already.
    #[error("{} is there already and is not overwritten; choose another place", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Writing failed.
    #[error("{} cannot be written: {source}{}", path.display(), remedy(source))]
    Write {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl StoreError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

/// What to do about a failed write, to follow its error.
pub(crate) fn remedy(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space and run again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; choose a directory that you may write to"
        }
        _ => "",
    }
}

/// The URI of a path or URI as a user gives it. A relative path is taken from the current directory.
///
/// ```
/// let uri = protea_core::store::locate("/data/train")?;
/// assert_eq!(uri.as_str(), "file:///data/train");
/// # Ok::<(), protea_core::StoreError>(())
/// ```
///
/// # Errors
///
/// [`StoreError::Location`] when it is neither.
pub fn locate(location: &str) -> Result<Url, StoreError> {
    let unclear = |reason: String| StoreError::Location {
        location: location.to_owned(),
        reason,
    };
    // One letter before a colon is a drive on Windows, not a scheme.
    if let Ok(uri) = Url::parse(location)
        && uri.scheme().len() > 1
        && location.contains("://")
    {
        return Ok(uri);
    }
    if location.is_empty() {
        return Err(unclear("it is empty".to_owned()));
    }
    let path = std::path::absolute(location).map_err(|error| unclear(error.to_string()))?;
    Url::from_file_path(&path).map_err(|()| unclear("it has no absolute form".to_owned()))
}

/// The local path of a URI, fetched first where it is elsewhere.
///
/// # Errors
///
/// [`StoreError::Scheme`] for a scheme that this build does not know.
pub fn stage(uri: &Url) -> Result<PathBuf, StoreError> {
    if uri.scheme() != "file" {
        return Err(StoreError::Scheme { uri: uri.clone() });
    }
    uri.to_file_path().map_err(|()| StoreError::Location {
        location: uri.to_string(),
        reason: "it does not name a path of this machine".to_owned(),
    })
}

/// The URI of an absolute path.
pub(crate) fn uri_of(path: &Path) -> Result<Url, StoreError> {
    Url::from_file_path(path).map_err(|()| StoreError::Location {
        location: path.display().to_string(),
        reason: "it is not absolute".to_owned(),
    })
}
