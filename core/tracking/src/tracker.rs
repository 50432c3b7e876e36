//! The traits that an adapter implements.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Run, RunEvent, RunPage, RunQuery, RunStart, TrackerError};

/// A backend that stores runs.
///
/// An adapter implements [`open_run`](Self::open_run), [`list_runs`](Self::list_runs) and a
/// [`RunSink`] that accepts events. Scopes, the event log, retries and sync are built on these.
/// After an interruption, events are sent again, so both must be idempotent:
///
/// - `open_run` with an id that the backend has continues that run;
/// - an event that a sink has accepted before changes nothing.
pub trait Tracker: Send + Sync {
    /// The backend's name, such as `mlflow`. It becomes part of file names: use lower-case ASCII.
    fn backend(&self) -> &'static str;

    /// What another process needs, together with the backend's name, to reach the same place: a
    /// JSON object without secrets. It is stored in the directory of the log.
    fn target(&self) -> Value {
        Value::Object(serde_json::Map::new())
    }

    /// Whether the backend needs a server. An offline run is sent to such a backend only by a sync.
    fn is_remote(&self) -> bool {
        false
    }

    /// Checks what can be checked without contacting the backend, such as the project's name.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Refused`] or [`TrackerError::Name`] for what [`open_run`](Self::open_run)
    /// would never accept.
    fn check_start(&self, _start: &RunStart) -> Result<(), TrackerError> {
        Ok(())
    }

    /// Starts a run, or continues the one that has its id.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Unavailable`] if a later call may succeed; any other variant otherwise.
    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError>;

    /// The runs that match the query, newest first.
    ///
    /// # Errors
    ///
    /// If the backend cannot be read, or [`RunQuery::page`] is not a page of this backend.
    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError>;

    /// Starts a run that lasts until [`Run::finish`], or until the returned guard is dropped.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] for an invalid id; as [`open_run`](Self::open_run).
    fn start_run(&self, start: RunStart) -> Result<Run, TrackerError> {
        start.check()?;
        let sink = self.open_run(&start)?;
        Run::begin(sink, start)
    }
}

/// Accepts the events of one run for a backend.
pub trait RunSink: Send {
    /// The run's id and address in the backend.
    fn reference(&self) -> RunReference;

    /// The position of the last event that the backend has, if it knows that itself. Events up to
    /// it are not sent again. `None`: the [`Cursor`](crate::Cursor) decides.
    fn applied(&self) -> Option<u64> {
        None
    }

    /// Releases the run without ending it, so that it can be continued later, by this process or
    /// another one.
    ///
    /// # Errors
    ///
    /// If something that the adapter holds back cannot be written.
    fn suspend(&mut self) -> Result<(), TrackerError> {
        Ok(())
    }

    /// Accepts events, in their order. The first event of a run is `init_run`, whose content
    /// [`Tracker::open_run`] got too. After an error, some of them may have been accepted.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Unavailable`] if the same events may be accepted later;
    /// [`TrackerError::Refused`] if one of them never will be.
    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError>;
}

/// The identity of a run in a backend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReference {
    /// The backend's own id of the run, which can differ from [`RunStart::run_id`].
    pub run_id: String,
    /// The address of the run's page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
