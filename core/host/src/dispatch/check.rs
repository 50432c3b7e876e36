//! What a runner says it exported, held against what is there; what it explains, held against
//! what was asked.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use protea_contracts::{ExplainRequest, Explanation, ExportResult, RunnerError, content};
use url::Url;

use super::DispatchError;

/// An error of a runner that had no room for its output is one of the place, not of the runner.
///
/// The contract has no kind for it; the system's words are in what the runner says.
pub(super) fn room(error: DispatchError, output: &Url) -> DispatchError {
    const NO_ROOM: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
    match (error, output.to_file_path()) {
        (DispatchError::Runner(RunnerError::Failed { message }), Ok(path))
            if NO_ROOM.iter().any(|words| message.contains(words)) =>
        {
            DispatchError::OutputFull { path, message }
        }
        (error, _) => error,
    }
}

/// An explanation is of the protein that was asked about, and of no more terms than were wanted.
pub(super) fn explained(
    explanation: &Explanation,
    request: &ExplainRequest,
) -> Result<(), DispatchError> {
    let broken = |message: String| Err(DispatchError::Protocol(message));
    if explanation.accession != request.accession {
        return broken(format!(
            "asked to explain {:?}, it explained {:?}",
            request.accession, explanation.accession
        ));
    }
    let most = match (&request.term, request.limit) {
        (Some(_), _) => 1,
        (None, 0) => usize::MAX,
        (None, limit) => limit,
    };
    match explanation.terms.len() {
        terms if terms > most => broken(format!(
            "asked to explain {most} terms at most, it explained {terms}"
        )),
        _ => Ok(()),
    }
}

/// A model in a local file lies below `output`: a sandbox opens its directory to the next call.
pub(super) fn fitted(model: &Url, output: &Url) -> Result<(), DispatchError> {
    let (Ok(path), Ok(output)) = (model.to_file_path(), output.to_file_path()) else {
        return Ok(());
    };
    let broken = |reason: String| {
        DispatchError::Protocol(format!(
            "it answered the model {}, which {reason}",
            path.display()
        ))
    };
    let real = path
        .canonicalize()
        .map_err(|error| broken(format!("cannot be read: {error}")))?;
    let root = output
        .canonicalize()
        .map_err(|error| broken(format!("has no directory to be in: {error}")))?;
    if !real.starts_with(&root) {
        return Err(broken(format!("is outside {}", output.display())));
    }
    Ok(())
}

/// Hashes every exported file; each must lie below `output`.
pub(super) fn exported(result: &ExportResult, output: &Path) -> Result<(), DispatchError> {
    if result.files.is_empty() {
        return Err(DispatchError::Protocol(
            "its export lists no file".to_owned(),
        ));
    }
    let mut listed = HashSet::new();
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
        listed.insert(real);
    }
    nothing_else(output, &listed)
}

/// What is published is what is known by content, and nothing beside it.
fn nothing_else(directory: &Path, listed: &HashSet<PathBuf>) -> Result<(), DispatchError> {
    let unreadable = |error: std::io::Error| DispatchError::Export {
        path: directory.to_owned(),
        reason: format!("cannot be read: {error}"),
    };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && !path.is_symlink() {
            nothing_else(&path, listed)?;
        } else if !path.canonicalize().is_ok_and(|real| listed.contains(&real)) {
            return Err(DispatchError::Export {
                path,
                reason: "it does not list".to_owned(),
            });
        }
    }
    Ok(())
}

fn path_of(uri: &Url) -> Result<PathBuf, DispatchError> {
    uri.to_file_path().map_err(|()| {
        DispatchError::Protocol(format!("it exported to {uri}, which is not a local file"))
    })
}
