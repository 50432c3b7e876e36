//! Finds offline runs that are not uploaded.

use std::{
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
/// Skips symbolic links below `root`, and hidden directories.
///
/// The official client uploads the files that a run's records name, in any directory. Search only
/// directories in which nobody else writes: in a workspace of protea the directories `wandb` of the
/// jobs, and not the jobs themselves, which also contain what runners wrote.
///
/// # Errors
///
/// [`TrackerError::Read`] if a directory cannot be read.
pub fn find_offline_runs(root: impl AsRef<Path>) -> Result<Vec<OfflineRun>, TrackerError> {
    let root = root.as_ref();
    let mut runs = Vec::new();
    let mut entries = WalkDir::new(root).max_depth(MAX_DEPTH).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_skipped(&error) => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                return Err(TrackerError::read(path)(error.into()));
            }
        };
        // `root` itself may be a link.
        if !entry.file_type().is_dir() && entry.depth() > 0 {
            continue;
        }
        if entry.depth() > 0 && is_hidden(&entry) {
            entries.skip_current_dir();
        } else if let Some(file) = run_file(entry.path()) {
            entries.skip_current_dir();
            if !with_suffix(&file, SYNCED).exists() {
                runs.push(OfflineRun {
                    directory: entry.path().to_owned(),
                    id: id(&file),
                    file,
                });
            }
        }
    }
    runs.sort();
    Ok(runs)
}

/// The file of the run in this directory; none if it is not the directory of an offline run. Links and
/// pipes are not files of runs.
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
                && protea_files::is_regular(path)
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

/// Whether to ignore the error: something was removed during the search.
fn is_skipped(error: &walkdir::Error) -> bool {
    error.depth() > 0 && error.io_error().map(io::Error::kind) == Some(ErrorKind::NotFound)
}
