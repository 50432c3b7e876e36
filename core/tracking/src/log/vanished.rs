//! Closes the runs of processes that vanished.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::EventLog;
use crate::{Event, EventKind, RunStatus, TrackerError};

/// A run that was closed because its process had vanished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRun {
    /// Its id.
    pub run_id: String,
    /// Its log.
    pub log: PathBuf,
}

/// A marker so young may be of a process that has not come to lock its log yet.
const YOUNG: Duration = Duration::from_secs(30);

const REASON: &str = "the process that ran it vanished";

/// Closes as `killed` every run that is marked in the directory `open_runs` and whose log nobody
/// holds open. A directory that is not there has no open runs.
///
/// # Errors
///
/// [`TrackerError::File`] when the directory cannot be read, or a log cannot be written; the other
/// runs are closed all the same.
pub fn close_vanished(open_runs: &Path) -> Result<Vec<ClosedRun>, TrackerError> {
    let entries = match fs::read_dir(open_runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TrackerError::read(open_runs)(error)),
    };
    let mut closed = Vec::new();
    let mut failure = None;
    for entry in entries.flatten() {
        match close(&entry.path()) {
            Ok(run) => closed.extend(run),
            // Somebody holds it: the run goes on.
            Err(TrackerError::Busy { .. }) => {}
            Err(error) => failure = Some(error),
        }
    }
    closed.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    failure.map_or(Ok(closed), Err)
}

fn close(marker: &Path) -> Result<Option<ClosedRun>, TrackerError> {
    let run_id = marker.file_name().unwrap_or_default().to_string_lossy();
    let log = match fs::read_to_string(marker) {
        Ok(log) => PathBuf::from(log),
        // Its run ended while the directory was read.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TrackerError::read(marker)(error)),
    };
    let young = is_young(marker).map_err(TrackerError::read(marker))?;
    if !log.exists() {
        if !young {
            unmark(marker)?;
        }
        return Ok(None);
    }
    let mut writer = EventLog::open(log)?;
    if writer.last_seq().is_none() && young {
        return Ok(None);
    }
    let closed = if writer.is_finished() {
        None
    } else {
        writer.append(&[Event {
            seq: writer.last_seq().map_or(0, |last| last + 1),
            time: Timestamp::now(),
            kind: EventKind::Finish {
                status: RunStatus::Killed,
                error: Some(REASON.to_owned()),
            },
        }])?;
        Some(ClosedRun {
            run_id: run_id.into_owned(),
            log: writer.path().to_owned(),
        })
    };
    unmark(marker)?;
    Ok(closed)
}

fn is_young(marker: &Path) -> io::Result<bool> {
    let age = fs::metadata(marker)?.modified()?.elapsed();
    Ok(age.is_ok_and(|age| age < YOUNG))
}

/// Marks a run as open.
pub(crate) fn mark(open_runs: &Path, run_id: &str, log: &Path) -> Result<PathBuf, TrackerError> {
    fs::create_dir_all(open_runs).map_err(TrackerError::write(open_runs))?;
    let marker = open_runs.join(run_id);
    let log = log.to_str().ok_or_else(|| TrackerError::Name {
        what: "path",
        value: log.display().to_string(),
        reason: "it is not UTF-8".to_owned(),
    })?;
    fs::write(&marker, log).map_err(TrackerError::write(&marker))?;
    Ok(marker)
}

/// Takes the mark away.
pub(crate) fn unmark(marker: &Path) -> Result<(), TrackerError> {
    match fs::remove_file(marker) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(TrackerError::write(marker)(error))
        }
        _ => Ok(()),
    }
}
