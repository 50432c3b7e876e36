//! The directory in which new jobs get their state point, before they get their name.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use protea_files::{Access, Links, Lock, lock_within};

use super::places;
use crate::store::StoreError;

const LOCK: &str = "lock";

/// The right to create a job. One process of a workspace has it at a time.
pub(super) struct NewJobs {
    directory: PathBuf,
    _lock: File,
}

impl NewJobs {
    /// Waits for other processes that create a job, and removes what killed ones left.
    pub(super) fn lock(workspace: &Path) -> Result<Self, StoreError> {
        let directory = places::new_jobs(workspace);
        fs::create_dir_all(&directory).map_err(StoreError::write(&directory))?;
        let path = directory.join(LOCK);
        let lock = protea_files::open_to_write(&path, Access::Update)
            .map_err(io::Error::from)
            .and_then(|file| {
                lock_within(&file, Lock::Exclusive, places::LOCK_PATIENCE).map(|()| file)
            })
            .map_err(StoreError::write(&path))?;
        clear(&directory);
        Ok(Self {
            directory,
            _lock: lock,
        })
    }

    /// An empty directory on the file system of the workspace.
    pub(super) fn directory(&self) -> Result<PathBuf, StoreError> {
        let directory = self.directory.join("job");
        fs::create_dir(&directory).map_err(StoreError::write(&directory))?;
        Ok(directory)
    }
}

/// Removes what killed processes left, unless a process is creating a job.
pub(super) fn remove_leftovers(workspace: &Path) {
    let directory = places::new_jobs(workspace);
    // Not created: a workspace that is only read gets no new files.
    if let Ok(lock) = protea_files::open(&directory.join(LOCK), Links::Refuse)
        && lock.try_lock().is_ok()
    {
        clear(&directory);
    }
}

/// Errors do not matter: creating the next job reports them.
fn clear(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name() != LOCK) {
        match fs::remove_dir_all(entry.path()) {
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                let _ = fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}
