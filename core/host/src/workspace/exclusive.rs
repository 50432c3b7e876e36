//! The lock of what changes or removes finished runs: one process of a workspace does so at a time.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use protea_files::{Access, Lock, lock_within};

use super::places;
use crate::store::StoreError;

/// Waits for other processes that change finished runs. The lock ends with the file.
pub(super) fn lock(workspace: &Path) -> Result<File, StoreError> {
    let own = places::own(workspace);
    fs::create_dir_all(&own).map_err(StoreError::write(&own))?;
    let path = own.join("housekeeping.lock");
    protea_files::open_to_write(&path, Access::Update)
        .map_err(io::Error::from)
        .and_then(|file| lock_within(&file, Lock::Exclusive, places::LOCK_PATIENCE).map(|()| file))
        .map_err(StoreError::write(&path))
}
