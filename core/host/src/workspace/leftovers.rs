//! Removes what processes that were killed, or that ran on a full disk, left behind.
//!
//! Nothing here follows a symbolic link: a runner may have made the files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The deepest directory below a run's directory that is searched.
const MAX_DEPTH: usize = 4;

/// Removes the temporary files and directories below the directory of a run that no process
/// records any more. Errors are ignored: the files do no harm.
pub(super) fn remove(directory: &Path) {
    remove_below(directory, 0);
}

fn remove_below(directory: &Path, depth: usize) {
    for (path, is_directory) in entries(directory) {
        let is_leftover = path.file_name().is_some_and(|name| {
            let name = name.as_encoded_bytes();
            let random = [&b".tmp"[..], b".partial-", b".scratch-"];
            let random = random.iter().find_map(|prefix| name.strip_prefix(*prefix));
            random.is_some_and(|rest| rest.len() == 6 && rest.iter().all(u8::is_ascii_alphanumeric))
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
