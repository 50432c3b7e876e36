//! What a runner says it exported, held against what is there.

use std::path::{Path, PathBuf};

use protea_contracts::{ExportResult, content};
use url::Url;

use super::DispatchError;

/// Calls the embedder's sink; a panic in it stays here.
#[cfg(unix)]
pub(super) fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).ok()
}

/// Hashes every exported file; each must lie below `output`.
pub(super) fn exported(result: &ExportResult, output: &Path) -> Result<(), DispatchError> {
    if result.files.is_empty() {
        return Err(DispatchError::Protocol(
            "its export lists no file".to_owned(),
        ));
    }
    for file in &result.files {
        let path = path_of(&file.uri)?;
        let wrong = |reason: String| DispatchError::Export {
            path: path.clone(),
            reason,
        };
        let real = path
            .canonicalize()
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let root = output
            .canonicalize()
            .map_err(|error| wrong(format!("has no directory to be in: {error}")))?;
        if !real.starts_with(&root) {
            return Err(wrong(format!("is outside {}", output.display())));
        }
        let (sha256, bytes) = content::digest_file(&real)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if sha256 != file.sha256 || bytes != file.bytes {
            return Err(wrong(format!(
                "has {bytes} bytes with SHA-256 {sha256}, not {} with {} as it says",
                file.bytes, file.sha256
            )));
        }
    }
    Ok(())
}

fn path_of(uri: &Url) -> Result<PathBuf, DispatchError> {
    uri.to_file_path().map_err(|()| {
        DispatchError::Protocol(format!("it exported to {uri}, which is not a local file"))
    })
}
