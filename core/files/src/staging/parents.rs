//! The parents that are created for a new directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{StagingError, parent_of, sync_directory};

/// The directories that had to be created above a new directory, the outermost first. Those that are
/// empty are removed on drop unless they are kept.
#[derive(Debug)]
pub(super) struct NewParents(Vec<PathBuf>);

impl NewParents {
    /// Creates `parent` and the directories above it, as far as they are missing.
    pub(super) fn create(parent: &Path) -> Result<Self, StagingError> {
        let mut missing: Vec<&Path> = parent
            .ancestors()
            .take_while(|directory| {
                !directory.as_os_str().is_empty() && directory.symlink_metadata().is_err()
            })
            .collect();
        missing.reverse();
        let mut created = Self(Vec::new());
        for directory in missing {
            match fs::create_dir(directory) {
                Ok(()) => created.0.push(directory.to_owned()),
                // Another process has created it meanwhile.
                Err(_) if directory.is_dir() => {}
                Err(error) => return Err(StagingError::write(directory)(error)),
            }
        }
        Ok(created)
    }

    /// Flushes the names of the directories to the disk. They stay.
    pub(super) fn keep(&mut self) -> Result<(), StagingError> {
        std::mem::take(&mut self.0)
            .iter()
            .map(|directory| parent_of(directory))
            .try_for_each(|above| sync_directory(above).map_err(StagingError::write(above)))
    }
}

impl Drop for NewParents {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            // Fails if another process has put something there, which must stay.
            let _ = fs::remove_dir(directory);
        }
    }
}
