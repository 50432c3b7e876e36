//! Records runs as event logs in a directory.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    EventKind, RunEvent, RunId, RunPage, RunQuery, RunReference, RunSink, RunStart, RunSummary,
    Tracker, TrackerError, files,
    log::{self, ClosedRun, EventLog, LogReader, mark_open, mark_open_if_new},
    query::page,
    summary::summarise,
};

/// The event log as a tracker: `<directory>/<run_id>/events.jsonl`.
///
/// ```
/// use protea_tracking::{Jsonl, RunStart, RunStatus, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = Jsonl::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn").with_id("first"))?;
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
    keeps_markers: bool,
}

/// What happens to a run when its log cannot be written, as on a full disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLogError {
    /// The logging call fails.
    #[default]
    Fail,
    /// The event is lost and the run continues. Once the log can be written again, a gap in `seq`
    /// shows the loss. If the start of a run cannot be written, it fails all the same.
    Continue,
}

impl Jsonl {
    /// Records runs in `directory`, with the markers of open runs in `<directory>/.open`. Creates
    /// nothing yet.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if the current directory, to which a relative `directory` refers, is
    /// unknown.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        // Markers are read by processes with another current directory.
        let directory = std::path::absolute(directory).map_err(TrackerError::read(directory))?;
        Ok(Self {
            open_runs: directory.join(".open"),
            directory,
            on_error: OnLogError::Fail,
            keeps_markers: false,
        })
    }

    /// Puts the markers of open runs into this directory, which several trackers can share.
    #[must_use]
    pub fn with_open_runs_in(mut self, open_runs: impl Into<PathBuf>) -> Self {
        self.open_runs = open_runs.into();
        self
    }

    /// Keeps the marker of a run that ended. The caller removes it with
    /// [`clear_open_marker`](log::clear_open_marker) once it has recorded the end elsewhere too.
    #[must_use]
    pub fn with_markers_kept(mut self) -> Self {
        self.keeps_markers = true;
        self
    }

    /// Sets what happens to a run when its log cannot be written.
    #[must_use]
    pub fn with_on_error(mut self, on_error: OnLogError) -> Self {
        self.on_error = on_error;
        self
    }

    /// The directory of the runs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of a run's log.
    #[must_use]
    pub fn log_path(&self, run_id: &RunId) -> PathBuf {
        self.directory.join(run_id).join(log::FILE_NAME)
    }

    /// Ends the runs whose process is gone, as [`log::close_vanished`] does, and removes their
    /// markers.
    ///
    /// # Errors
    ///
    /// The first error. The other runs are ended all the same.
    pub fn close_vanished(&self) -> Result<Vec<ClosedRun>, TrackerError> {
        let (closed, failures) = log::close_vanished(&self.open_runs, |_| None);
        for run in &closed {
            log::clear_open_marker(&self.open_runs, &run.run_id)?;
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
        let path = self.log_path(&start.run_id);
        mark_open_if_new(&self.open_runs, &start.run_id, &path)?;
        let log = EventLog::open(&path)?;
        let marker = mark_open(&self.open_runs, &start.run_id, &path)?;
        Ok(Box::new(JsonlSink {
            log,
            marker,
            on_error: self.on_error,
            keeps_marker: self.keeps_markers,
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
            if protea_files::is_regular(&log) {
                runs.extend(Self::summary(log)?);
            }
        }
        page(runs, query)
    }
}

struct JsonlSink {
    log: EventLog,
    marker: PathBuf,
    on_error: OnLogError,
    keeps_marker: bool,
}

impl RunSink for JsonlSink {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: files::run_id_of(self.log.path()).to_string(),
            url: None,
        }
    }

    fn applied(&self) -> Option<u64> {
        self.log.last_seq()
    }

    fn suspend(&mut self) -> Result<(), TrackerError> {
        files::remove_if_present(&self.marker)
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let last = self.log.last_seq();
        let new = events.partition_point(|event| last.is_some_and(|last| event.seq <= last));
        let events = &events[new..];
        match self.log.append(events) {
            // If this was the end of the run, the marker stays, and `close_vanished` ends the run.
            Err(_) if self.on_error == OnLogError::Continue && last.is_some() => return Ok(()),
            result => result?,
        }
        if events.last().is_some_and(RunEvent::is_end) && !self.keeps_marker {
            files::remove_if_present(&self.marker)?;
        }
        Ok(())
    }
}
