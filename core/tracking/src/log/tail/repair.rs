//! A log gets what a process that was killed left in its tail.

use std::{fs, io::ErrorKind, path::Path};

use super::Contents;
use crate::{TrackerError, log::file::LogFile};

/// Appends to a log, whose lock is held, what its tail has and it has not, and removes the tail. May be
/// cut off anywhere and done again.
///
/// A tail that belongs beyond the end of the log is of no use: the machine lost power before the lines
/// between them were on its disk, or a copy was made while both were written.
pub(in crate::log) fn repair(log: &LogFile) -> Result<(), TrackerError> {
    let path = super::path(log.path());
    let Some(tail) = Contents::read(&path)? else {
        return remove(&path);
    };
    let length = log.length()?;
    if (tail.base()..tail.end()).contains(&length) {
        let (there, missing) = tail.split_at(length);
        if log.read_at(tail.base(), there.len())? != there {
            return Err(TrackerError::Corrupt {
                path,
                offset: tail.base(),
                reason: "the log goes on with other lines there".to_owned(),
            });
        }
        log.write_at(length, missing)?;
    }
    remove(&path)
}

/// Removes a tail that the log has the lines of.
pub(in crate::log) fn remove(path: &Path) -> Result<(), TrackerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(TrackerError::write(path)(error)),
        _ => Ok(()),
    }
}
