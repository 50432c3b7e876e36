//! Finds runs that wait to be uploaded.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use super::super::file::{SYNCED, suffixed};
use crate::TrackerError;

/// A run in a directory, not yet uploaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfflineRun {
    /// The directory, `…/wandb/offline-run-<time>-<id>`.
    pub directory: PathBuf,
    /// The file with the run's records in it.
    pub file: PathBuf,
    /// The run's id in W&B.
    pub id: String,
}

/// Deeper than any workspace is nested.
const DEEPEST: usize = 24;
const PREFIX: &str = "offline-run-";

/// The runs below `root` that the official client has not uploaded yet, by path: directories
/// `offline-run-*` with a `run-*.wandb` in them and no `run-*.wandb.synced`, whoever wrote them.
///
/// Symbolic links are followed, each place is looked at once, hidden directories are passed over.
///
/// # Errors
///
/// [`TrackerError::File`] when a directory cannot be read.
pub fn find_offline_runs(root: impl AsRef<Path>) -> Result<Vec<OfflineRun>, TrackerError> {
    let root = root.as_ref();
    let mut runs = BTreeMap::new();
    let mut entries = WalkDir::new(root)
        .follow_links(true)
        .max_depth(DEEPEST)
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_passed_over(&error) => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                return Err(TrackerError::read(path)(error.into()));
            }
        };
        if !entry.file_type().is_dir() {
            continue;
        }
        if entry.depth() > 0 && is_hidden(&entry) {
            entries.skip_current_dir();
        } else if let Some(file) = run_file(entry.path()) {
            entries.skip_current_dir();
            if !suffixed(&file, SYNCED).exists() {
                let directory = entry.path().to_owned();
                // Two links to one place are one run.
                let place = fs::canonicalize(&directory).unwrap_or_else(|_| directory.clone());
                let id = id(&file);
                runs.entry(place).or_insert(OfflineRun {
                    directory,
                    file,
                    id,
                });
            }
        }
    }
    let mut runs: Vec<OfflineRun> = runs.into_values().collect();
    runs.sort();
    Ok(runs)
}

/// The file of the run that is in this directory, if there is one.
pub(crate) fn run_file(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.to_str()?;
    if !name.starts_with(PREFIX) {
        return None;
    }
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wandb")
        })
        .collect();
    files.sort();
    files.into_iter().next()
}

fn id(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.strip_prefix("run-").unwrap_or(&stem).to_owned()
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// A link that leads back, or to nowhere, and what went away meanwhile.
fn is_passed_over(error: &walkdir::Error) -> bool {
    error.loop_ancestor().is_some()
        || (error.depth() > 0 && error.io_error().map(io::Error::kind) == Some(ErrorKind::NotFound))
}
