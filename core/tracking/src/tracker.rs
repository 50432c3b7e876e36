//! What an adapter implements.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Event, Run, RunPage, RunQuery, RunStart, TrackerError};

/// A backend that keeps runs.
///
/// An adapter writes [`open_run`](Self::open_run) and [`list_runs`](Self::list_runs), and a
/// [`RunSink`] that takes events; everything else (scopes, the log of truth, retries, sync) is
/// built upon these. What is sent may be sent again after an interruption, so both must be
/// idempotent:
///
/// - `open_run` with an id that the backend has goes on with that run;
/// - an event that a sink took already changes nothing.
pub trait Tracker: Send + Sync {
    /// The backend's name, such as `mlflow`; it names files, so it is lower-case ASCII.
    fn backend(&self) -> &'static str;

    /// What has to be known, beside the backend's name, to reach the same place from another
    /// process: a JSON object without secrets.
    fn target(&self) -> Value {
        Value::Object(serde_json::Map::new())
    }

    /// Whether it needs a server: a run that is offline is not fed to it before a sync.
    fn is_remote(&self) -> bool {
        false
    }

    /// Checks what can be checked of a start without touching the backend, such as a project's name.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Refused`] for what [`open_run`](Self::open_run) would never take.
    fn check_start(&self, _start: &RunStart) -> Result<(), TrackerError> {
        Ok(())
    }

    /// Starts a run, or goes on with the one that has its id.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Unavailable`] where a later call may succeed; else what is wrong.
    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError>;

    /// The runs that the query wants, the newest first.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError>;

    /// Starts a run that lasts until [`Run::finish`], or until the guard is dropped.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] for an id that cannot be one; else what the backend says.
    fn start_run(&self, start: RunStart) -> Result<Run, TrackerError> {
        start.check()?;
        let sink = self.open_run(&start)?;
        Run::begin(sink, start)
    }
}

/// The backend's end of one run.
pub trait RunSink: Send {
    /// The run as the backend knows it.
    fn reference(&self) -> RunReference;

    /// The place of the last event that the backend holds, where it knows that by itself. Events
    /// up to it are not sent again; `None` leaves that to the bookkeeping beside the log.
    fn applied(&self) -> Option<u64> {
        None
    }

    /// Lets go of the run without ending it: it will be gone on with, perhaps by another process.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    fn suspend(&mut self) -> Result<(), TrackerError> {
        Ok(())
    }

    /// Takes events, in their order. The first of a run is `init_run`, whose content
    /// [`Tracker::open_run`] was given too.
    ///
    /// On an error, some of them may have been taken.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Unavailable`] where the same events may be taken later;
    /// [`TrackerError::Refused`] where one of them never will.
    fn apply(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError>;
}

/// A run as a backend knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReference {
    /// The backend's own id of the run.
    pub run_id: String,
    /// Where a browser shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
