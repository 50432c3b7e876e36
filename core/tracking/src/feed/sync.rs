//! Sends to a backend what it does not have yet.

use std::{path::Path, sync::Arc};

use super::run_feed::RunFeed;
use crate::{RunReference, Tracker, TrackerError, log::cursor::Refusal};

/// The result of a sync for one run and one backend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Number of events sent by this sync.
    pub sent: u64,
    /// The run's id and address in the backend; none if the log is empty.
    pub reference: Option<RunReference>,
    /// The events that the backend refused, now or earlier, at most the first hundred.
    pub refused: Vec<Refusal>,
}

/// Sends to `tracker` the events of the run with this log that it does not have. Idempotent: after
/// any number of interruptions, repetitions and concurrent calls, the backend has each event once.
///
/// # Errors
///
/// [`TrackerError::Busy`] while another process sends the run; [`TrackerError::Unavailable`] if the
/// backend does not answer; [`TrackerError::Read`] or [`TrackerError::Corrupt`] for the log.
pub fn sync_run(log: &Path, tracker: Arc<dyn Tracker>) -> Result<Synced, TrackerError> {
    let mut feed = RunFeed::new(log.to_owned(), tracker);
    while feed.advance()? {}
    let (reference, refused) = match feed.cursor() {
        Some(cursor) => (cursor.reference.clone(), cursor.refused.clone()),
        None => (None, Vec::new()),
    };
    feed.close()?;
    Ok(Synced {
        sent: feed.sent(),
        reference,
        refused,
    })
}
