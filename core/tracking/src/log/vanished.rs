//! Finds the runs of processes that vanished, and closes their logs.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{EventLog, owner::Owner, relative};
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

/// How a run ended, and why where it did not end well.
pub type End = (RunStatus, Option<String>);

/// A marker so young may be of a process that has not come to lock its log yet.
const YOUNG: Duration = Duration::from_secs(30);

/// A process that was killed while it started another leaves its locks to that one, until it begins to be a
/// program of its own.
const UNTIL_UNLOCKED: Duration = Duration::from_secs(2);

const REASON: &str = "the process that ran it vanished";

/// Closes the log of every run that is marked in the directory `open_runs` and that nobody holds open, and
/// gives those runs, also where the log had its end. A log without one is closed as what `known_end` says of
/// it, where the process came to say elsewhere how the run ended, and otherwise as `killed`. Marks stay until
/// [`settle`], so that whatever else is known of the run can be brought to the same end first. A
/// directory that is not there has no open runs.
///
/// What could not be closed is given beside; it stays marked.
pub fn close_vanished(
    open_runs: &Path,
    known_end: impl Fn(&Path) -> Option<End>,
) -> (Vec<ClosedRun>, Vec<TrackerError>) {
    let (mut closed, mut failures) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(open_runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return (closed, failures),
        Err(error) => return (closed, vec![TrackerError::read(open_runs)(error)]),
    };
    let deadline = Instant::now() + UNTIL_UNLOCKED;
    for entry in entries.flatten() {
        match close(open_runs, &entry.path(), &known_end, deadline) {
            Ok(run) => closed.extend(run),
            // Somebody holds it: the run goes on.
            Err(TrackerError::InUse { .. }) => {}
            Err(error) => failures.push(error),
        }
    }
    closed.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    (closed, failures)
}

fn close(
    open_runs: &Path,
    path: &Path,
    known_end: &impl Fn(&Path) -> Option<End>,
    deadline: Instant,
) -> Result<Option<ClosedRun>, TrackerError> {
    let Some(marker) = Marker::read(open_runs, path)? else {
        return Ok(None);
    };
    if !marker.log.is_file() {
        return marker.of_none();
    }
    let mut writer = marker.take_log(deadline)?;
    let Some(last) = writer.last() else {
        return marker.of_none();
    };
    let (status, error) = match last.end {
        Some(end) => end,
        None => {
            let vanished = || (RunStatus::Killed, Some(REASON.to_owned()));
            let (status, error) = known_end(writer.path()).unwrap_or_else(vanished);
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
    let run_id = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(ClosedRun {
        run_id: run_id.into_owned(),
        log: marker.log,
        status,
        error,
    }))
}

/// What marks a run as open.
struct Marker {
    path: PathBuf,
    log: PathBuf,
    owner: Option<Owner>,
}

impl Marker {
    /// None where its run ended while the directory was read.
    fn read(open_runs: &Path, path: &Path) -> Result<Option<Self>, TrackerError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrackerError::read(path)(error)),
        };
        let mut lines = text.lines();
        let log = Path::new(lines.next().unwrap_or_default());
        Ok(Some(Self {
            path: path.to_owned(),
            log: relative::resolved(open_runs, log),
            owner: lines.next().and_then(Owner::parse),
        }))
    }

    /// The run was never begun, or is just about to.
    fn of_none(&self) -> Result<Option<ClosedRun>, TrackerError> {
        let is_over = match &self.owner {
            Some(owner) if owner.is_gone() => true,
            _ => !is_young(&self.path).map_err(TrackerError::read(&self.path))?,
        };
        if is_over {
            unmark(&self.path)?;
        }
        Ok(None)
    }

    fn take_log(&self, deadline: Instant) -> Result<EventLog, TrackerError> {
        let is_gone = || self.owner.as_ref().is_some_and(Owner::is_gone);
        loop {
            match EventLog::open(&self.log) {
                Err(TrackerError::InUse { .. }) if Instant::now() < deadline && is_gone() => {
                    thread::sleep(Duration::from_millis(1));
                }
                result => return result,
            }
        }
    }
}

fn is_young(marker: &Path) -> io::Result<bool> {
    let age = fs::metadata(marker)?.modified()?.elapsed();
    Ok(age.is_ok_and(|age| age < YOUNG))
}

/// Marks a run as open, before its log is locked and, for what is `locked` then, once more: until then a mark
/// that is there may be of a process that works on the run. The log is named from the marks on, so that both
/// can be moved together.
pub(crate) fn mark(
    open_runs: &Path,
    run_id: &str,
    log: &Path,
    locked: bool,
) -> Result<PathBuf, TrackerError> {
    fs::create_dir_all(open_runs).map_err(TrackerError::write(open_runs))?;
    let marker = open_runs.join(run_id);
    let log = relative::from(open_runs, log);
    let unusable = |reason: &str| TrackerError::Name {
        what: "path",
        value: log.display().to_string(),
        reason: reason.to_owned(),
    };
    let log = log.to_str().ok_or_else(|| unusable("it is not UTF-8"))?;
    if log.contains(['\n', '\r']) {
        return Err(unusable("it has a line break"));
    }
    let owner = Owner::here().map_or_else(String::new, |owner| format!("\n{owner}"));
    if locked || !marker.exists() {
        fs::write(&marker, format!("{log}{owner}")).map_err(TrackerError::write(&marker))?;
    }
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
