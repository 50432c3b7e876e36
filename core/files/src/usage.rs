//! What a directory occupies.

use std::{ops::ControlFlow, path::Path};

use crate::{Directory, FilesError, Links, Stop};

/// What a directory occupies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Bytes of everything below it. Of each entry the larger counts of its size and of the blocks
    /// that it occupies: a sparse file counts with its size, a file with reserved blocks with
    /// these. An inode with several names counts once for each.
    pub bytes: u64,
    /// The number of entries.
    pub entries: u64,
}

/// The most directories inside each other that are measured.
const DEEPEST: usize = 64;

/// Measures the directory at `path`, and stops as soon as it occupies more than `enough` bytes. A
/// directory that does not exist occupies nothing.
///
/// # Errors
///
/// [`FilesError::TooDeep`], [`FilesError::Stopped`]; [`FilesError::Read`] if a part of it cannot be
/// listed.
pub fn usage(path: &Path, enough: u64, stop: &dyn Stop) -> Result<Usage, FilesError> {
    let directory = match Directory::open(path, Links::Refuse) {
        Err(error) if error.is_not_found() => return Ok(Usage::default()),
        directory => directory?,
    };
    let mut usage = Usage::default();
    directory.visit(DEEPEST, stop, &mut |_, entry| {
        usage.entries += 1;
        usage.bytes = usage.bytes.saturating_add(entry.bytes.max(entry.allocated));
        Ok(if usage.bytes > enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(usage)
}
