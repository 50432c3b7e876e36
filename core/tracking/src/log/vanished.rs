//! Finds the runs of processes that vanished, and closes their logs.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::{EventLog, relative};
use crate::{Event, EventKind, RunStatus, TrackerError, feed::cursors};

/// A run that nobody works on any more although it is marked as open. Its log has its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRun {
    /// Its id.
    pub run_id: String,
    /// Its log.
    pub log: PathBuf,
    /// How it ended: `killed` where its process vanished before it could say.
    pub status: RunStatus,
    /// Why, where it did not end well.
    pub error: Option<String>,
}

/// A marker so young may be of a process that has not come to lock its log yet.
const YOUNG: Duration = Duration::from_secs(30);

const REASON: &str = "the process that ran it vanished";

/// Closes the log, as `killed`, of every run that is marked in the directory `open_runs` and that
/// nobody holds open, and gives those runs, also where the log had its end. Their marks stay until
/// [`settle`], so that whatever else is known of the run can be brought to the same end first. A
/// directory that is not there has no open runs.
///
/// What could not be closed is given beside; it stays marked.
pub fn close_vanished(open_runs: &Path) -> (Vec<ClosedRun>, Vec<TrackerError>) {
    let (mut closed, mut failures) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(open_runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return (closed, failures),
        Err(error) => return (closed, vec![TrackerError::read(open_runs)(error)]),
    };
    for entry in entries.flatten() {
        match close(open_runs, &entry.path()) {
            Ok(run) => closed.extend(run),
            // Somebody holds it: the run goes on.
            Err(TrackerError::InUse { .. }) => {}
            Err(error) => failures.push(error),
        }
    }
    closed.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    (closed, failures)
}

fn close(open_runs: &Path, marker: &Path) -> Result<Option<ClosedRun>, TrackerError> {
    let log = match fs::read_to_string(marker) {
        Ok(log) => relative::resolved(open_runs, Path::new(&log)),
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
    let Some(last) = writer.last() else {
        // It was never begun.
        if !young {
            unmark(marker)?;
        }
        return Ok(None);
    };
    let (status, error) = match last.end {
        Some(end) => end,
        None => {
            let (status, error) = (RunStatus::Killed, Some(REASON.to_owned()));
            // Where the machine lost power, backends may have what the log has not. What cannot be
            // read of that keeps no run from its end; a sync tells of it.
            let taken = cursors(writer.path()).unwrap_or_default();
            let taken = taken.into_iter().filter_map(|cursor| cursor.seq);
            writer.append(&[Event {
                seq: taken.fold(last.seq, u64::max) + 1,
                time: Timestamp::now(),
                kind: EventKind::Finish {
                    status,
                    error: error.clone(),
                },
            }])?;
            (status, error)
        }
    };
    let run_id = marker.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(ClosedRun {
        run_id: run_id.into_owned(),
        log: writer.path().to_owned(),
        status,
        error,
    }))
}

fn is_young(marker: &Path) -> io::Result<bool> {
    let age = fs::metadata(marker)?.modified()?.elapsed();
    Ok(age.is_ok_and(|age| age < YOUNG))
}

/// Marks a run as open. The log is named from the marks on, so that both can be moved together.
pub(crate) fn mark(open_runs: &Path, run_id: &str, log: &Path) -> Result<PathBuf, TrackerError> {
    fs::create_dir_all(open_runs).map_err(TrackerError::write(open_runs))?;
    let marker = open_runs.join(run_id);
    let log = relative::from(open_runs, log);
    let log = log.to_str().ok_or_else(|| TrackerError::Name {
        what: "path",
        value: log.display().to_string(),
        reason: "it is not UTF-8".to_owned(),
    })?;
    fs::write(&marker, log).map_err(TrackerError::write(&marker))?;
    Ok(marker)
}

/// Takes the mark of a run away: all that is known of it says how it ended.
///
/// # Errors
///
/// [`TrackerError::File`].
pub fn settle(open_runs: &Path, run_id: &str) -> Result<(), TrackerError> {
    unmark(&open_runs.join(run_id))
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
