//! Sends to a backend what it does not have yet.

use std::{path::Path, sync::Arc};

use super::{lock, run_feed::RunFeed};
use crate::{
    RunReference, Tracker, TrackerError, files,
    log::cursor::{self, Cursor, Refusal},
};

/// The result of a sync for one run and one backend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Number of events sent by this sync.
    pub sent: u64,
    /// The run's id and address in the backend; none if the log is empty.
    pub reference: Option<RunReference>,
    /// The events that the backend has refused so far, at most the first hundred.
    pub refused: Vec<Refusal>,
    /// How many events it has refused so far.
    pub refused_events: u64,
}

/// What to do with a run whose cursor is unreadable, if the backend does not have the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Reports [`TrackerError::UnknownProgress`]: the run may be in another place.
    Refuse,
    /// Sends the run to this backend.
    Send,
}

/// As [`sync_run`], for a run whose cursor for this backend cannot be read: searches the backend for
/// the run by its id, and sends what is missing there. The cursor is replaced.
///
/// # Errors
///
/// [`TrackerError::UnknownProgress`] if the backend does not have the run and `if_missing` is
/// [`IfMissing::Refuse`]; as [`sync_run`].
pub fn recover_run(
    log: &Path,
    tracker: Arc<dyn Tracker>,
    if_missing: IfMissing,
) -> Result<Synced, TrackerError> {
    let backend = tracker.backend();
    let run_id = files::run_id_of(log);
    let path = cursor::path(log, backend);
    let mut cursor = Cursor::new(&*tracker);
    cursor.reference = tracker.find_run(&run_id)?;
    // A backend of this machine continues its own files.
    if cursor.reference.is_none() && tracker.is_remote() && if_missing == IfMissing::Refuse {
        return Err(TrackerError::UnknownProgress {
            run_id,
            backend: backend.to_owned(),
            path,
        });
    }
    let lock = lock::lock(log, backend)?;
    cursor.write(&path)?;
    drop(lock);
    sync_run(log, tracker)
}

/// Sends to `tracker` the events of the run with this log that it does not have, and again those that
/// it refused. Idempotent: after any number of interruptions, repetitions and concurrent calls, the
/// backend has each event once.
///
/// # Errors
///
/// [`TrackerError::Busy`] while another process sends the run; [`TrackerError::Unavailable`] if the
/// backend does not answer; [`TrackerError::Read`] or [`TrackerError::Corrupt`] for the log.
pub fn sync_run(log: &Path, tracker: Arc<dyn Tracker>) -> Result<Synced, TrackerError> {
    let mut feed = RunFeed::new(log.to_owned(), tracker);
    // What is refused in this call is not sent twice in it.
    let has_refused = cursor::path(log, feed.backend());
    let has_refused = Cursor::read(&has_refused)?.is_some_and(|it| it.refused_events() > 0);
    while feed.advance()? {}
    if has_refused {
        feed.send_refused()?;
    }
    let cursor = feed.cursor().cloned();
    feed.close()?;
    let (reference, refused, refused_events) = match cursor {
        Some(cursor) => {
            let events = cursor.refused_events();
            (cursor.reference, cursor.refused, events)
        }
        None => (None, Vec::new(), 0),
    };
    Ok(Synced {
        sent: feed.sent(),
        reference,
        refused,
        refused_events,
    })
}
