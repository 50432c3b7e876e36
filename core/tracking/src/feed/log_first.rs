//! The log first, then the backends.

use std::{path::PathBuf, sync::Arc};

use super::{
    Feeder,
    cursor::{self, Cursor},
};
use crate::{
    Event, EventKind, Jsonl, RunPage, RunQuery, RunReference, RunSink, RunStart, Tracker,
    TrackerError,
};

/// Writes every event to the log of truth, from which backends are fed in the background: none of
/// them can slow or fail a run.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use protea_tracking::{Feeder, Jsonl, LogFirst, Memory, RunStart, RunStatus, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let backend = Memory::default();
/// let feeder = Feeder::new();
/// let tracker = LogFirst::new(Jsonl::new(directory)?).feeding(Arc::new(backend.clone()), &feeder);
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
    /// Writes to `log`, and feeds nobody.
    #[must_use]
    pub fn new(log: Jsonl) -> Self {
        Self {
            log,
            backends: Vec::new(),
        }
    }

    /// Feeds `backend` too, on the thread of `feeder`. A run that is to be offline is not fed to a
    /// backend that needs a server; it is left for a sync.
    #[must_use]
    pub fn feeding(mut self, backend: Arc<dyn Tracker>, feeder: &Feeder) -> Self {
        self.backends.push((backend, feeder.clone()));
        self
    }

    /// The log of truth.
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
        let log = self.log.log_of(&start.run_id);
        for (backend, _) in &self.backends {
            let path = cursor::path(&log, backend.backend());
            if !path.exists() {
                Cursor::new(&**backend).write(&path)?;
            }
        }
        Ok(Box::new(LogFirstRun {
            log,
            sink,
            offline: start.offline,
            backends: self.backends.clone(),
            fed: false,
        }))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        self.log.list_runs(query)
    }
}

struct LogFirstRun {
    log: PathBuf,
    sink: Box<dyn RunSink>,
    offline: bool,
    backends: Vec<(Arc<dyn Tracker>, Feeder)>,
    fed: bool,
}

impl RunSink for LogFirstRun {
    fn reference(&self) -> RunReference {
        self.sink.reference()
    }

    fn applied(&self) -> Option<u64> {
        self.sink.applied()
    }

    fn suspend(&mut self) -> Result<(), TrackerError> {
        self.let_go();
        self.sink.suspend()
    }

    fn apply(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        self.sink.apply(events)?;
        if !self.fed {
            self.fed = true;
            self.backends
                .retain(|(backend, _)| !(self.offline && backend.is_remote()));
            for (backend, feeder) in &self.backends {
                feeder.feed(&self.log, Arc::clone(backend))?;
            }
        }
        let ended = |event: &Event<'_>| matches!(event.kind, EventKind::Finish { .. });
        if events.iter().any(ended) {
            self.let_go();
        }
        Ok(())
    }
}

impl LogFirstRun {
    /// Sends what is there, and expects no more.
    fn let_go(&self) {
        for (_, feeder) in &self.backends {
            feeder.ended(&self.log);
        }
    }
}
