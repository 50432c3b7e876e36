//! Sends to a backend what it does not have yet.

use std::{fs, path::Path, sync::Arc};

use super::{
    cursor::{Cursor, Refusal},
    run_feed::RunFeed,
};
use crate::{RunReference, Tracker, TrackerError};

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

/// The cursors in the directory of a log: one for each backend that the run goes to, sorted by its
/// name.
///
/// # Errors
///
/// [`TrackerError::Read`] if the directory or a cursor cannot be read.
pub fn cursors(log: &Path) -> Result<Vec<Cursor>, TrackerError> {
    let directory = log.parent().unwrap_or(Path::new("."));
    let entries = fs::read_dir(directory).map_err(TrackerError::read(directory))?;
    let mut cursors = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            cursors.extend(Cursor::read(&path)?);
        }
    }
    cursors.sort_by(|a, b| a.backend.cmp(&b.backend));
    Ok(cursors)
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
