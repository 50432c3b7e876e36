//! Which prediction files there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ScoringError;

/// A prediction file and what tables call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the directory, with `_` for `/`, as in cafaeval; without the ending `.gz` or `.zst`.
    pub name: String,
}

/// Every file under a directory, sorted by name (cafaeval: in the order of the file system). For a file: itself.
///
/// # Errors
/// [`ScoringError::Read`]; [`ScoringError::NoPredictionFiles`]; [`ScoringError::SameName`] for `a/b` beside `a_b` or `a` beside `a.gz`.
pub fn prediction_files(directory: impl AsRef<Path>) -> Result<Vec<PredictionFile>, ScoringError> {
    let directory = directory.as_ref();
    let read = |path: &Path, source| ScoringError::Read {
        what: "predictions",
        file: path.display().to_string(),
        source,
    };
    if !fs::metadata(directory)
        .map_err(|e| read(directory, e))?
        .is_dir()
    {
        let name = directory
            .file_name()
            .unwrap_or(directory.as_os_str())
            .to_string_lossy();
        return Ok(vec![PredictionFile {
            path: directory.to_owned(),
            name: without_packing(&name).to_owned(),
        }]);
    }
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(current) = directories.pop() {
        for entry in fs::read_dir(&current).map_err(|e| read(&current, e))? {
            let entry = entry.map_err(|e| read(&current, e))?;
            let (path, kind) = (
                entry.path(),
                entry.file_type().map_err(|e| read(&current, e))?,
            );
            if kind.is_dir() {
                directories.push(path);
            } else if !path.is_dir() {
                // A link to a directory is not followed: it could lead back here. What nobody named
                // is not waited for; a pipe that is given by its own name is.
                let metadata = fs::metadata(&path).map_err(|e| read(&path, e))?;
                if !metadata.is_file() {
                    let reason = "it is a pipe, socket or device; give a regular file";
                    let refused = io::Error::new(io::ErrorKind::InvalidInput, reason);
                    return Err(read(&path, refused));
                }
                let below = path.strip_prefix(directory).unwrap_or(&path);
                let parts: Vec<_> = below.iter().map(|p| p.to_string_lossy()).collect();
                let name = without_packing(&parts.join("_")).to_owned();
                files.push(PredictionFile { path, name });
            }
        }
    }
    files.sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    if files.is_empty() {
        return Err(ScoringError::NoPredictionFiles {
            dir: directory.display().to_string(),
        });
    }
    match files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        None => Ok(files),
        Some(pair) => Err(ScoringError::SameName {
            name: pair[0].name.clone(),
            first: pair[0].path.display().to_string(),
            second: pair[1].path.display().to_string(),
        }),
    }
}

fn without_packing(name: &str) -> &str {
    [".gz", ".zst"]
        .into_iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}
