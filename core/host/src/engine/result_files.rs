//! The hashes of the files of a result: written with the result, checked when the result is taken into a
//! workspace.

use std::{
    io,
    path::{Path, PathBuf},
};

use protea_contracts::{
    FileDigest, Sha256,
    content::{ContentError, digest_bytes, digest_reader},
};
use protea_files::{Directory, LARGEST_DOCUMENT, Limits, Links, Never, is_directory};
use serde::{Deserialize, Serialize};

use super::{documents::TaskResult, error::EngineError, json_files::pretty};

/// The list, in the directory of the result.
const FILES: &str = "files.json";

/// `files.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    /// Paths are relative to the directory of the result.
    files: Vec<FileDigest>,
}

/// Lists the files below `part` of the directory of a result, and returns the hash of the list. `None` if
/// there is no such part.
///
/// # Errors
///
/// [`EngineError::Files`], [`EngineError::Write`].
pub(crate) fn list_files(directory: &Path, part: &str) -> Result<Option<Sha256>, EngineError> {
    let root = directory.join(part);
    if !is_directory(&root) {
        return Ok(None);
    }
    let opened = Directory::open(&root, Links::Refuse)?;
    let mut files = Vec::new();
    for file in opened.walk(&Limits::default(), &Never)?.files {
        // A file that cannot be named in JSON is taken over without a check.
        let Some(below) = Path::new(part).join(&file.path).to_str().map(str::to_owned) else {
            continue;
        };
        let content = opened.open_file(&file.path)?;
        let digest = digest_reader(content).map_err(EngineError::read(&root.join(&file.path)));
        let (sha256, bytes) = digest?;
        files.push(FileDigest {
            path: below,
            sha256,
            bytes,
        });
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let place = directory.join(FILES);
    let bytes = pretty(&Listed { files }).map_err(EngineError::write(&place))?;
    protea_files::write(&place, &bytes)?;
    Ok(Some(digest_bytes(&bytes)))
}

/// Checks the files below `below` of a result in `directory`: each must be as it was when the result was
/// published. A result of an earlier version has no list, and nothing is checked.
///
/// # Errors
///
/// [`EngineError::Damaged`] with the first file that is missing or differs.
pub(crate) fn check_files(
    directory: &Path,
    result: &TaskResult,
    index: usize,
    below: &Path,
) -> Result<(), EngineError> {
    let Some(expected) = result.files else {
        return Ok(());
    };
    let check = || -> Result<(), ContentError> {
        let opened = Directory::open(directory, Links::Refuse);
        let opened = opened.map_err(|error| unreadable(directory.to_owned(), error.into()))?;
        let list = directory.join(FILES);
        let bytes = opened
            .read(Path::new(FILES), LARGEST_DOCUMENT)
            .map_err(|error| unreadable(list.clone(), error.into()))?;
        let found = digest_bytes(&bytes);
        if found != expected {
            let path = list.display().to_string();
            return Err(ContentError::Hash {
                path,
                expected,
                found,
            });
        }
        let listed: Listed =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(list, error.into()))?;
        let here = listed.files.iter();
        here.filter(|file| Path::new(&file.path).starts_with(below))
            .try_for_each(|file| check_file(&opened, file))
    };
    check().map_err(|source| EngineError::Damaged {
        index,
        path: directory.to_owned(),
        source: Box::new(source),
    })
}

fn check_file(directory: &Directory, file: &FileDigest) -> Result<(), ContentError> {
    let place = directory.path().join(&file.path);
    let opened = directory.open_file(Path::new(&file.path));
    let digest = opened.map_err(io::Error::from).and_then(digest_reader);
    let (found, bytes) = digest.map_err(|error| unreadable(place.clone(), error))?;
    let path = place.display().to_string();
    if bytes != file.bytes {
        return Err(ContentError::Size {
            path,
            expected: file.bytes,
            found: bytes,
        });
    }
    if found != file.sha256 {
        return Err(ContentError::Hash {
            path,
            expected: file.sha256,
            found,
        });
    }
    Ok(())
}

fn unreadable(path: PathBuf, source: io::Error) -> ContentError {
    ContentError::Unreadable {
        path: path.display().to_string(),
        source,
    }
}
