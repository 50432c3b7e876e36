//! Keeps runs as event logs in a directory.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    Event, EventKind, RunPage, RunQuery, RunReference, RunSink, RunStart, RunSummary, Tracker,
    TrackerError,
    log::{self, ClosedRun, EventLog, LogReader, mark, unmark},
    query::page,
    summary::summarise,
};

/// The log of truth as a tracker: `<directory>/<run_id>/events.jsonl`.
///
/// ```
/// use protea_tracking::{Jsonl, RunStart, RunStatus, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = Jsonl::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn").id("first"))?;
/// run.log_metrics(0, [("fmax", 0.544)])?;
/// run.finish(RunStatus::Finished)?;
/// assert!(directory.join("first/events.jsonl").exists());
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Jsonl {
    directory: PathBuf,
    open_runs: PathBuf,
    on_error: OnLogError,
    leaves_marks: bool,
}

/// What becomes of a run whose log cannot be written, as on a full disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnLogError {
    /// The call that logged fails, and with it, as a rule, the run.
    #[default]
    Fail,
    /// The event is lost, the run goes on; a gap in `seq` shows the loss once the log can be
    /// written again. The start of a run fails all the same.
    Continue,
}

impl Jsonl {
    /// Keeps runs in `directory`, and marks those that go on in `<directory>/.open`.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`] when the directory has no absolute path.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        // A marker names the log for processes that work elsewhere.
        let directory = std::path::absolute(directory).map_err(TrackerError::write(directory))?;
        Ok(Self {
            open_runs: directory.join(".open"),
            directory,
            on_error: OnLogError::Fail,
            leaves_marks: false,
        })
    }

    /// Marks runs that go on in this directory, which several trackers may share.
    #[must_use]
    pub fn marking_open_runs_in(mut self, open_runs: impl Into<PathBuf>) -> Self {
        self.open_runs = open_runs.into();
        self
    }

    /// Leaves the mark of a run that ended, for the caller to [`settle`](log::settle) once all else that
    /// it keeps of the run says so too.
    #[must_use]
    pub fn leaving_marks(mut self) -> Self {
        self.leaves_marks = true;
        self
    }

    /// Says what becomes of a run whose log cannot be written.
    #[must_use]
    pub fn on_error(mut self, on_error: OnLogError) -> Self {
        self.on_error = on_error;
        self
    }

    /// The directory of the runs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The log of a run.
    #[must_use]
    pub fn log_of(&self, run_id: &str) -> PathBuf {
        self.directory.join(run_id).join(log::FILE_NAME)
    }

    /// Closes the runs whose process vanished, as [`log::close_vanished`] does.
    ///
    /// # Errors
    ///
    /// The first of what could not be closed; the other runs are closed all the same.
    pub fn close_vanished(&self) -> Result<Vec<ClosedRun>, TrackerError> {
        let (closed, failures) = log::close_vanished(&self.open_runs, |_| None);
        for run in &closed {
            log::settle(&self.open_runs, &run.run_id)?;
        }
        failures.into_iter().next().map_or(Ok(closed), Err)
    }

    fn summary(log: PathBuf) -> Result<Option<RunSummary>, TrackerError> {
        let mut events = LogReader::open(log, 0)?.rest()?.into_iter();
        Ok(match events.next().map(|first| first.kind) {
            Some(EventKind::InitRun(start)) => Some(summarise(&start, &events.collect::<Vec<_>>())),
            _ => None,
        })
    }
}

impl Tracker for Jsonl {
    fn backend(&self) -> &'static str {
        "jsonl"
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        start.check()?;
        let path = self.log_of(&start.run_id);
        let mark = |locked| mark(&self.open_runs, &start.run_id, &path, locked);
        mark(false)?;
        let log = EventLog::open(&path)?;
        Ok(Box::new(JsonlRun {
            log,
            marker: mark(true)?,
            on_error: self.on_error,
            leaves_marks: self.leaves_marks,
        }))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RunPage::default()),
            Err(error) => return Err(TrackerError::read(&self.directory)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries.flatten() {
            let log = entry.path().join(log::FILE_NAME);
            if log.is_file() {
                runs.extend(Self::summary(log)?);
            }
        }
        page(runs, query)
    }
}

struct JsonlRun {
    log: EventLog,
    marker: PathBuf,
    on_error: OnLogError,
    leaves_marks: bool,
}

impl RunSink for JsonlRun {
    fn reference(&self) -> RunReference {
        let directory = self.log.path().parent().and_then(Path::file_name);
        RunReference {
            run_id: directory.unwrap_or_default().to_string_lossy().into_owned(),
            url: None,
        }
    }

    fn applied(&self) -> Option<u64> {
        self.log.last_seq()
    }

    fn suspend(&mut self) -> Result<(), TrackerError> {
        self.log.flush()?;
        unmark(&self.marker)
    }

    fn apply(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        let last = self.log.last_seq();
        let new = events.partition_point(|event| last.is_some_and(|last| event.seq <= last));
        let events = &events[new..];
        match self.log.append(events) {
            // An end that could not be written leaves the run open, for the next command to close.
            Err(_) if self.on_error == OnLogError::Continue && last.is_some() => return Ok(()),
            result => result?,
        }
        let ended = |event: &Event<'_>| matches!(event.kind, EventKind::Finish { .. });
        if events.last().is_some_and(ended) && !self.leaves_marks {
            unmark(&self.marker)?;
        }
        Ok(())
    }
}
