//! A tracker that writes the event log first and feeds backends from it.

use std::{path::PathBuf, sync::Arc};

use super::Feeder;
use crate::{
    Jsonl, RunEvent, RunPage, RunQuery, RunReference, RunSink, RunStart, Tracker, TrackerError,
    log::cursor::{self, Cursor},
};

/// Writes every event to the event log, from which backends are fed in the background. A backend
/// can neither slow down a run nor make it fail.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use protea_tracking::{Feeder, Jsonl, LogFirst, Memory, RunStart, RunStatus, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let backend = Memory::default(); let feeder = Feeder::new(); let tracker =
/// LogFirst::new(Jsonl::new(directory)?).with_backend(Arc::new(backend.clone()), &feeder);
///
/// tracker.start_run(RunStart::new("knn"))?.finish(RunStatus::Finished)?;
/// assert!(feeder.wait(Duration::from_secs(10)).is_empty());
/// assert_eq!(backend.runs()[0].events.len(), 2);
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Clone)]
pub struct LogFirst {
    log: Jsonl,
    backends: Vec<(Arc<dyn Tracker>, Feeder)>,
}

impl LogFirst {
    /// Writes to `log`, without a backend.
    #[must_use]
    pub fn new(log: Jsonl) -> Self {
        Self {
            log,
            backends: Vec::new(),
        }
    }

    /// Feeds `backend` too, on the thread of `feeder`. An offline run is not sent to a backend that
    /// needs a server; a sync can send it later.
    #[must_use]
    pub fn with_backend(mut self, backend: Arc<dyn Tracker>, feeder: &Feeder) -> Self {
        self.backends.push((backend, feeder.clone()));
        self
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> &Jsonl {
        &self.log
    }
}

impl Tracker for LogFirst {
    fn backend(&self) -> &'static str {
        self.log.backend()
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        for (backend, _) in &self.backends {
            backend.check_start(start)?;
        }
        let sink = self.log.open_run(start)?;
        let log = self.log.log_path(&start.run_id);
        for (backend, _) in &self.backends {
            let path = cursor::path(&log, backend.backend());
            if !path.exists() {
                Cursor::new(&**backend).write(&path)?;
            }
        }
        Ok(Box::new(LogFirstSink {
            log,
            sink,
            offline: start.offline,
            backends: self.backends.clone(),
            is_fed: false,
        }))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        self.log.list_runs(query)
    }
}

struct LogFirstSink {
    log: PathBuf,
    sink: Box<dyn RunSink>,
    offline: bool,
    backends: Vec<(Arc<dyn Tracker>, Feeder)>,
    is_fed: bool,
}

impl RunSink for LogFirstSink {
    fn reference(&self) -> RunReference {
        self.sink.reference()
    }

    fn applied(&self) -> Option<u64> {
        self.sink.applied()
    }

    fn suspend(&mut self) -> Result<(), TrackerError> {
        self.end_feeding();
        self.sink.suspend()
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        self.sink.apply(events)?;
        if !self.is_fed {
            self.is_fed = true;
            self.backends
                .retain(|(backend, _)| !(self.offline && backend.is_remote()));
            for (backend, feeder) in &self.backends {
                feeder.feed(&self.log, Arc::clone(backend))?;
            }
        }
        if events.iter().any(RunEvent::is_end) {
            self.end_feeding();
        } else if events.iter().any(RunEvent::has_files) {
            self.backends.iter().for_each(|(_, feeder)| feeder.wake());
        }
        Ok(())
    }
}

impl LogFirstSink {
    /// Lets the feeders send what is in the log and close the run.
    fn end_feeding(&self) {
        for (_, feeder) in &self.backends {
            feeder.ended(&self.log);
        }
    }
}
