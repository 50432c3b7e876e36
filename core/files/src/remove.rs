//! Removes a directory, however deep it is.

use std::{io, path::Path};

use crate::{Links, system};

/// Removes the directory at `path` with everything in it. Removes links, not what they lead to. It
/// is not an error if there is none.
///
/// Unlike `std::fs::remove_dir_all`, which calls itself for every level, it keeps two directories open
/// at most and needs no stack, so a directory with thousands of levels is removed too.
///
/// # Errors
///
/// Those of the system.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    if let Err(error) = system::kind_of(path, Links::Refuse)
        && error.is_not_found()
    {
        return Ok(());
    }
    system::remove_flattened(path)
}
