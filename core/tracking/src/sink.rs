//! What accepts the events of one run for a backend.

use serde::{Deserialize, Serialize};

use crate::{RunEvent, TrackerError};

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
    /// [`Tracker::open_run`](crate::Tracker::open_run) got too. After an error, some of them may have been accepted.
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
    /// The backend's own id of the run, which can differ from [`RunStart::run_id`](crate::RunStart::run_id).
    pub run_id: String,
    /// The address of the run's page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
