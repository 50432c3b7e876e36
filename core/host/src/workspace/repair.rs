//! Removes job directories that signac refuses.

use std::{fs, path::Path, time::Duration};

use super::{
    job::{self, STATE_POINT},
    leftovers::entries,
};

/// A job directory younger than this can belong to a process that is just about to write the state
/// point: signac for Python creates the directory first.
const YOUNG: Duration = Duration::from_secs(1);

/// Removes the directories of jobs that have neither a state point nor anything else than
/// interrupted writes: signac refuses a workspace with such a directory. Errors are ignored: they
/// do not hinder the work on other jobs.
pub(super) fn remove_jobs_without_state_point(workspace: &Path) {
    for directory in job::directories(workspace).unwrap_or_default() {
        let has_state_point = directory.join(STATE_POINT).symlink_metadata().is_ok();
        if has_state_point || is_young(&directory) {
            continue;
        }
        let is_partial = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name.as_encoded_bytes().starts_with(b".partial-")
        };
        let files: Vec<_> = entries(&directory).collect();
        if files
            .iter()
            .all(|(path, is_directory)| !is_directory && is_partial(path))
        {
            for (path, _) in files {
                let _ = fs::remove_file(path);
            }
            // Fails if another process has written something in the meantime.
            let _ = fs::remove_dir(&directory);
        }
    }
}

fn is_young(directory: &Path) -> bool {
    let modified = directory.symlink_metadata().and_then(|it| it.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < YOUNG))
}
