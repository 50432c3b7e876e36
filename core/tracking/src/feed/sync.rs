//! Sends what a backend does not have yet.

use std::{fs, path::Path, sync::Arc};

use super::{
    cursor::{Cursor, Refusal},
    run_feed::RunFeed,
};
use crate::{RunReference, Tracker, TrackerError};

/// What a sync did for one run and one backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// How many events were sent now.
    pub sent: u64,
    /// The run as the backend knows it.
    pub reference: Option<RunReference>,
    /// What the backend refused for good, now or earlier, the first hundred.
    pub refused: Vec<Refusal>,
}

/// The backends that a run goes to, by what stands beside its log.
///
/// # Errors
///
/// [`TrackerError::File`].
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

/// Sends to `tracker` what it does not have of the run with this log. Idempotent: interrupted
/// anywhere and done again, or done by two processes, each event is there once.
///
/// # Errors
///
/// [`TrackerError::Busy`] while another process sends the run; [`TrackerError::Unavailable`] when
/// the backend does not answer; what else it says.
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
