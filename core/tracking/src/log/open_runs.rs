//! Markers of open runs, and ending the runs whose process is gone.
//!
//! A marker is a file named by the run's id. Its first line is the path of the log, relative to the
//! directory of the markers; its second line, if there is one, the identity of the process.

use std::{
    ffi::OsStr,
    fs::{self, DirEntry},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use protea_files::{Links, TemporaryFile, is_temporary, remove_abandoned};

use super::{
    EventLog, FILE_NAME, RunEnd,
    cursor::cursors,
    process_identity::{ProcessIdentity, ProcessState},
    relative_path,
};
use crate::{
    EventKind, RunEvent, RunId, RunStatus, TrackerError,
    files::{self, remove_if_present},
};

/// A run that has a marker although no process records it any more. Its log has an end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClosedRun {
    /// The run's id.
    pub run_id: RunId,
    /// The run's log.
    pub log: PathBuf,
    /// How it ended: `killed` if its process was gone before it could say.
    pub status: RunStatus,
    /// Why it failed or was killed, if that is known.
    pub error: Option<String>,
}

/// A marker younger than this may belong to a process that has not locked its log yet.
const YOUNG: Duration = Duration::from_secs(30);

/// How long to wait for a lock whose process is gone. A process that is killed just after a fork
/// leaves its locks to the child, until that executes its own program.
const INHERITED_LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How the name of a marker begins that is not whole yet.
const UNFINISHED: &str = ".marker-";

/// The largest marker in bytes: a path and the identity of a process.
const LARGEST_MARKER: u64 = 64 << 10;

const REASON: &str = "its process ended without ending the run";

/// Ends every run that has a marker in the directory `open_runs` and whose log is not locked.
/// Returns these runs, including those whose log already has an end, and the errors of those that
/// could not be ended. It is not an error if the directory does not exist.
///
/// A log without an end gets the one that `known_end` returns for the path of the log, for a caller
/// that records ends elsewhere too; otherwise it gets the status `killed`.
///
/// Markers stay until [`clear_open_marker`], so that the caller can first record the end elsewhere.
pub fn close_vanished(
    open_runs: &Path,
    known_end: impl Fn(&Path) -> Option<RunEnd>,
) -> (Vec<ClosedRun>, Vec<TrackerError>) {
    let (mut closed, mut failures) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(open_runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return (closed, failures),
        Err(error) => return (closed, vec![TrackerError::read(open_runs)(error)]),
    };
    remove_abandoned(open_runs, &[OsStr::new(UNFINISHED)]);
    let deadline = Instant::now() + INHERITED_LOCK_TIMEOUT;
    for entry in entries.flatten().filter(is_marker) {
        match close(open_runs, &entry.path(), &known_end, deadline) {
            Ok(run) => closed.extend(run),
            // The run is still being recorded.
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
    known_end: &impl Fn(&Path) -> Option<RunEnd>,
    deadline: Instant,
) -> Result<Option<ClosedRun>, TrackerError> {
    let Some(marker) = Marker::read(open_runs, path)? else {
        return Ok(None);
    };
    // Whoever can write the marker could name any file, which opening as a log may cut off.
    let is_log = marker.log.file_name().is_some_and(|name| name == FILE_NAME);
    if !is_log || !protea_files::is_regular(&marker.log) {
        marker.remove_if_never_begun()?;
        return Ok(None);
    }
    let mut log = marker.lock_log(deadline)?;
    let Some(last) = log.last().cloned() else {
        marker.remove_if_never_begun()?;
        return Ok(None);
    };
    let end = match last.end {
        Some(end) => end,
        None => {
            let end = known_end(log.path())
                .unwrap_or_else(|| RunEnd::new(RunStatus::Killed, Some(REASON.to_owned())));
            // After a power failure, backends may have events that the log lost; the end must come
            // after these. An unreadable cursor is no reason to leave the run open: a sync will
            // report it.
            let sent = cursors(log.path()).unwrap_or_default();
            let sent = sent.into_iter().filter_map(|cursor| cursor.seq);
            let seq = sent.fold(last.seq, u64::max) + 1;
            let kind = EventKind::Finish {
                status: end.status,
                error: end.error.clone(),
            };
            log.append(&[RunEvent::new(seq, crate::now(), kind)])?;
            end
        }
    };
    Ok(Some(ClosedRun {
        run_id: files::name_of(path),
        log: marker.log,
        status: end.status,
        error: end.error,
    }))
}

/// The runs that have a marker in the directory `open_runs` and no event in a log, and whose process
/// is gone: their ids, and the paths that their logs were to have. [`close_vanished`] removes these
/// markers; a caller that makes files for a run before its log can remove these first.
#[must_use]
pub fn never_begun(open_runs: &Path) -> Vec<(RunId, PathBuf)> {
    let entries = fs::read_dir(open_runs).into_iter().flatten().flatten();
    let mut runs = Vec::new();
    for entry in entries.filter(is_marker) {
        // `close_vanished` reports the errors.
        let Ok(Some(marker)) = Marker::read(open_runs, &entry.path()) else {
            continue;
        };
        if !marker.has_begun() && marker.is_abandoned().unwrap_or(false) {
            runs.push((files::name_of(&entry.path()), marker.log));
        }
    }
    runs.sort();
    runs
}

/// Whether a run has a marker in the directory `open_runs` whose process is gone. False without a
/// marker, and for a process of another machine or container. Changes nothing.
#[must_use]
pub fn process_is_gone(open_runs: &Path, run_id: &RunId) -> bool {
    let is_name = !run_id.is_empty() && !run_id.starts_with('.') && !run_id.contains(['/', '\\']);
    let marker = is_name.then(|| Marker::read(open_runs, &open_runs.join(run_id)));
    matches!(marker, Some(Ok(Some(marker))) if marker.is_process_gone())
}

/// Not the unfinished file of a marker.
fn is_marker(entry: &DirEntry) -> bool {
    !is_temporary(&entry.file_name(), OsStr::new(UNFINISHED))
}

/// The marker of an open run.
struct Marker {
    path: PathBuf,
    log: PathBuf,
    process: Option<ProcessIdentity>,
}

impl Marker {
    /// None if the run ended after the directory was listed.
    fn read(open_runs: &Path, path: &Path) -> Result<Option<Self>, TrackerError> {
        let text = match protea_files::read_text(path, Links::Refuse, LARGEST_MARKER) {
            Ok(text) => text,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut lines = text.lines();
        let log = Path::new(lines.next().unwrap_or_default());
        Ok(Some(Self {
            path: path.to_owned(),
            log: relative_path::resolve(open_runs, log),
            process: lines.next().and_then(ProcessIdentity::parse),
        }))
    }

    /// For a marker without any event in a log: either the run is just about to begin, or its
    /// process is gone and the run never began.
    fn remove_if_never_begun(&self) -> Result<(), TrackerError> {
        if self.is_abandoned()? {
            remove_if_present(&self.path)?;
        }
        Ok(())
    }

    /// Whether no process will begin the run any more.
    fn is_abandoned(&self) -> Result<bool, TrackerError> {
        match self.process.as_ref().map(ProcessIdentity::state) {
            Some(ProcessState::Gone) => Ok(true),
            Some(ProcessState::Running) => Ok(false),
            Some(ProcessState::Unknown) | None => {
                let is_young = is_young(&self.path).map_err(TrackerError::read(&self.path))?;
                Ok(!is_young)
            }
        }
    }

    fn has_begun(&self) -> bool {
        fs::metadata(&self.log).is_ok_and(|log| log.len() > 0)
    }

    fn lock_log(&self, deadline: Instant) -> Result<EventLog, TrackerError> {
        loop {
            match EventLog::open(&self.log) {
                Err(TrackerError::InUse { .. })
                    if Instant::now() < deadline && self.is_process_gone() =>
                {
                    thread::sleep(Duration::from_millis(1));
                }
                result => return result,
            }
        }
    }

    fn is_process_gone(&self) -> bool {
        let state = self.process.as_ref().map(ProcessIdentity::state);
        state == Some(ProcessState::Gone)
    }
}

fn is_young(marker: &Path) -> io::Result<bool> {
    let age = fs::metadata(marker)?.modified()?.elapsed();
    Ok(age.is_ok_and(|age| age < YOUNG))
}

/// Marks a run as open before its log exists, for a caller that makes other files of the run first.
/// If this process ends before the log begins, [`never_begun`] lists the run.
///
/// # Errors
///
/// [`TrackerError::Write`]; [`TrackerError::Name`] if the path of the log cannot be in a marker.
pub fn announce_run(open_runs: &Path, run_id: &RunId, log: &Path) -> Result<(), TrackerError> {
    mark_open_if_new(open_runs, run_id, log)
}

/// Marks a run as open if it has no marker yet. To be called before its log is locked: a marker
/// that is there may be that of a process which records the run.
pub(crate) fn mark_open_if_new(
    open_runs: &Path,
    run_id: &RunId,
    log: &Path,
) -> Result<(), TrackerError> {
    if open_runs.join(run_id).exists() {
        return Ok(());
    }
    mark_open(open_runs, run_id, log).map(drop)
}

/// Marks a run as open by this process, and returns the marker. To be called once its log is
/// locked.
pub(crate) fn mark_open(
    open_runs: &Path,
    run_id: &RunId,
    log: &Path,
) -> Result<PathBuf, TrackerError> {
    fs::create_dir_all(open_runs).map_err(TrackerError::write(open_runs))?;
    let marker = open_runs.join(run_id);
    let log = relative_path::between(open_runs, log);
    let invalid = |reason: &str| TrackerError::Name {
        what: "path",
        value: log.display().to_string(),
        reason: reason.to_owned(),
    };
    let log = log.to_str().ok_or_else(|| invalid("it is not UTF-8"))?;
    if log.contains(['\n', '\r']) {
        return Err(invalid("it contains a line break"));
    }
    let process = ProcessIdentity::current().map_or_else(String::new, |it| format!("\n{it}"));
    // Renamed when it is whole: from a part of a marker nobody could find the run's files.
    let write = || {
        let mut file = TemporaryFile::create_in(open_runs, OsStr::new(UNFINISHED), 0o666)?;
        file.write_all(format!("{log}{process}").as_bytes())?;
        file.persist(&marker)
    };
    write().map_err(TrackerError::write(&marker))?;
    Ok(marker)
}

/// Removes the marker of a run, after its end is recorded everywhere. It is not an error if there
/// is none.
///
/// # Errors
///
/// [`TrackerError::Write`].
pub fn clear_open_marker(open_runs: &Path, run_id: &RunId) -> Result<(), TrackerError> {
    files::remove_if_present(&open_runs.join(run_id))
}
