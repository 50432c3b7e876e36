//! Finds offline runs that are not uploaded.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use super::super::file::{SYNCED, with_suffix};
use crate::TrackerError;

/// An offline run of W&B that is not uploaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct OfflineRun {
    /// The directory, `…/wandb/offline-run-<time>-<id>`.
    pub directory: PathBuf,
    /// The file with the run's records, `run-<id>.wandb`.
    pub file: PathBuf,
    /// W&B's id of the run.
    pub id: String,
}

/// How deep to search, in directories. Workspaces are less deep.
const MAX_DEPTH: usize = 24;
const PREFIX: &str = "offline-run-";

/// The offline runs below `root` that the official client has not uploaded, sorted by path. These
/// are the directories `offline-run-*` with a file `run-*.wandb` and no `run-*.wandb.synced`,
/// including those of other programs.
///
/// Follows symbolic links, visits each directory once, and skips hidden directories.
///
/// # Errors
///
/// [`TrackerError::Read`] if a directory cannot be read.
pub fn find_offline_runs(root: impl AsRef<Path>) -> Result<Vec<OfflineRun>, TrackerError> {
    let root = root.as_ref();
    let mut runs = BTreeMap::new();
    let mut entries = WalkDir::new(root)
        .follow_links(true)
        .max_depth(MAX_DEPTH)
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_skipped(&error) => continue,
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
            if !with_suffix(&file, SYNCED).exists() {
                let directory = entry.path().to_owned();
                // Two links to one directory are one run.
                let target = fs::canonicalize(&directory).unwrap_or_else(|_| directory.clone());
                let id = id(&file);
                runs.entry(target).or_insert(OfflineRun {
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

/// The file of the run in this directory; none if it is not the directory of an offline run.
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

/// Whether to ignore the error: a link to a directory above, a dangling link, or something that was
/// removed during the search.
fn is_skipped(error: &walkdir::Error) -> bool {
    error.loop_ancestor().is_some()
        || (error.depth() > 0 && error.io_error().map(io::Error::kind) == Some(ErrorKind::NotFound))
}
