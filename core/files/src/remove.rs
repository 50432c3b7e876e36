//! Removes a directory, however deep it is.

use std::{io, path::Path};

use crate::{Links, system};

/// Removes the directory at `path` with everything in it. Removes links, not what they lead to. It
/// is not an error if there is none.
///
/// Unlike `std::fs::remove_dir_all` it keeps two directories open at most, so a directory with
/// thousands of levels is removed too.
///
/// # Errors
///
/// Those of the system.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match system::kind_of(path, Links::Refuse) {
        Err(error) if error.is_not_found() => return Ok(()),
        _ => {}
    }
    match std::fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => system::remove_flattened(path),
    }
}
