//! Whether an output directory has outgrown its limit.

use std::path::Path;

use protea_files::{FilesError, Stop, usage};

/// Whether the directory occupies more than `limit` bytes. What cannot be measured exceeds every
/// limit: a directory with too many levels, or one that the host cannot list, could hold anything.
/// If `stop` ends the measurement, the answer is no, as something else ends the call then.
pub(super) fn exceeds(directory: &Path, limit: u64, stop: &dyn Stop) -> bool {
    match usage(directory, limit, stop) {
        Ok(usage) => usage.bytes > limit,
        Err(FilesError::Stopped { .. }) => false,
        // A directory that is removed while it is measured.
        Err(error) if error.is_not_found() => false,
        Err(_) => true,
    }
}
