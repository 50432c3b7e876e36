//! The directory for temporary files of a call.

use std::path::Path;

use protea_contracts::{Attribute, RunnerError};

/// A directory in the output of a call, removed when dropped.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes the directory in `output`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be made.
    pub(crate) fn create_in(output: &Path) -> Result<Self, RunnerError> {
        let created = tempfile::Builder::new()
            .prefix(".scratch-")
            .tempdir_in(output);
        Ok(Self(
            created.or_failed("making a directory for temporary files")?,
        ))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
