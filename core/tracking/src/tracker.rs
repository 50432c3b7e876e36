//! A backend that stores runs.

use serde_json::Value;

use crate::{Run, RunId, RunPage, RunQuery, RunReference, RunSink, RunStart, TrackerError};

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

    /// Continues the run that the backend knows by this reference, from an earlier
    /// [`open_run`](Self::open_run) with the same start. Finds it also if somebody has renamed or
    /// moved it in the backend since. Starts a new run only if the backend says that it does not
    /// have the run.
    ///
    /// # Errors
    ///
    /// As [`open_run`](Self::open_run).
    fn resume_run(
        &self,
        start: &RunStart,
        _known: &RunReference,
    ) -> Result<Box<dyn RunSink>, TrackerError> {
        self.open_run(start)
    }

    /// The run with this id of ours, if the backend can search for it. `None` if it has no such run,
    /// or cannot search.
    ///
    /// # Errors
    ///
    /// If the backend cannot be read.
    fn find_run(&self, _run_id: &RunId) -> Result<Option<RunReference>, TrackerError> {
        Ok(None)
    }

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
