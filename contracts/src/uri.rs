//! Paths and the `file://` URIs that requests carry. It knows nothing of requests or models.

use std::path::{Path, PathBuf};

use url::Url;

use crate::error::RunnerError;

/// The `file://` URI of a path.
///
/// # Errors
///
/// [`RunnerError::Failed`] when the path is not absolute.
pub fn file_uri(path: &Path) -> Result<Url, RunnerError> {
    Url::from_file_path(path).map_err(|()| {
        RunnerError::failed(format!(
            "{} is not an absolute path, so it has no file:// URI",
            path.display()
        ))
    })
}

/// The path of a `file://` URI, or a message that says why there is none.
pub(crate) fn local_path(uri: &Url) -> Result<PathBuf, String> {
    if uri.scheme() != "file" {
        return Err(format!(
            "{uri} is not a file:// URI; the host must download remote data before the call"
        ));
    }
    uri.to_file_path()
        .map_err(|()| format!("{uri} does not name a path on this machine"))
}
