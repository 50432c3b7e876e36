//! Removes what processes that were killed, or that ran on a full disk, left behind.
//!
//! Nothing here follows a symbolic link: a runner may have made the files.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use protea_files::{is_temporary, remove_abandoned};

use super::places;
use crate::store::PARTIAL;

/// The deepest directory below a run's directory that is searched.
const MAX_DEPTH: usize = 4;

/// Removes the temporary files and directories below the directory of a run that no process records
/// any more, and the directories of the run and its steps that are empty. Errors are ignored: the files do no harm.
pub(super) fn remove(directory: &Path) {
    remove_below(directory, 0);
    for place in [&directory.join("steps"), directory] {
        for (path, _) in entries(place).filter(|(_, is_directory)| *is_directory) {
            // Fails if there is anything in it.
            let _ = fs::remove_dir(path);
        }
    }
}

/// Removes what killed processes left of files of the workspace that belong to no run.
pub(super) fn remove_of_no_run(workspace: &Path) {
    let partial = OsStr::new(PARTIAL);
    let own = places::own(workspace);
    let models = entries(&own.join("models")).filter(|(_, is_directory)| *is_directory);
    let directories = models.map(|(path, _)| path);
    for directory in
        directories.chain([workspace.to_owned(), workspace.join(".signac"), own.clone()])
    {
        remove_abandoned(&directory, &[partial]);
    }
}

/// Removes what killed processes left in the directory of a job, and in that of a run's log.
pub(super) fn remove_in_job(job: &Path, log: &Path) {
    for directory in [Some(job), log.parent()].into_iter().flatten() {
        remove_abandoned(directory, &[OsStr::new(PARTIAL)]);
    }
}

fn remove_below(directory: &Path, depth: usize) {
    for (path, is_directory) in entries(directory) {
        let is_leftover = path.file_name().is_some_and(|name| {
            let prefixes = [".tmp", PARTIAL, ".scratch-"];
            let mut prefixes = prefixes.into_iter().map(OsStr::new);
            prefixes.any(|prefix| is_temporary(name, prefix))
        });
        if is_leftover && is_directory {
            let _ = fs::remove_dir_all(&path);
        } else if is_leftover {
            let _ = fs::remove_file(&path);
        } else if is_directory && depth < MAX_DEPTH {
            remove_below(&path, depth + 1);
        }
    }
}

/// The entries of a directory, and whether each is a directory itself.
pub(super) fn entries(directory: &Path) -> impl Iterator<Item = (PathBuf, bool)> + use<> {
    let is_directory = directory.symlink_metadata().is_ok_and(|it| it.is_dir());
    let listed = is_directory.then(|| fs::read_dir(directory).ok()).flatten();
    let listed = listed.into_iter().flatten().flatten();
    listed.map(|entry| {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        (entry.path(), is_directory)
    })
}
