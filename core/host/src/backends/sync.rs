//! Sends runs that the backends do not have completely.

use std::{collections::HashMap, sync::Arc};

use protea_tracking::{Refusal, Tracker, TrackerError, sync_run};
use serde::Serialize;

use super::{backend::of_cursor, binding::remember};
use crate::workspace::Unsynced;

/// What a sync did for one run and one backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SyncedRun {
    /// The run.
    pub run_id: String,
    /// The backend.
    pub backend: String,
    /// Whether the backend has the complete run, or another process is sending it.
    pub ok: bool,
    /// Number of events sent.
    pub sent: u64,
    /// The address of the run in a browser.
    pub url: Option<String>,
    /// Events that the backend rejected permanently.
    pub refused: Vec<String>,
    /// Why the run could not be sent.
    pub error: Option<String>,
}

/// Sends runs to their backends and reports each. A backend that does not answer is skipped after
/// the first attempt.
///
/// Idempotent: each event arrives once, even after an interruption or with two processes at the
/// same time.
pub fn sync(runs: &[Unsynced], mut on_synced: impl FnMut(&SyncedRun)) -> Vec<SyncedRun> {
    let mut backends = Backends::default();
    runs.iter()
        .map(|run| {
            let synced = backends.send(run);
            on_synced(&synced);
            synced
        })
        .collect()
}

#[derive(Default)]
struct Backends {
    known: HashMap<String, Arc<dyn Tracker>>,
    down: HashMap<String, String>,
}

impl Backends {
    fn send(&mut self, run: &Unsynced) -> SyncedRun {
        let backend = &run.cursor.backend;
        let place = format!("{backend} {}", run.cursor.target);
        let mut synced = SyncedRun {
            run_id: run.run_id.clone(),
            backend: backend.clone(),
            ok: false,
            sent: 0,
            url: None,
            refused: Vec::new(),
            error: self.down.get(&place).cloned(),
        };
        if synced.error.is_some() {
            return synced;
        }
        let result = self
            .tracker(&place, run)
            .and_then(|tracker| sync_run(&run.log, tracker));
        match result {
            Ok(sent) => {
                synced.ok = true;
                synced.sent = sent.sent;
                if let Some(reference) = &sent.reference
                    && let Err(error) = remember(&run.job, &run.run_id, reference)
                {
                    synced.ok = false;
                    synced.error = Some(error.to_string());
                }
                synced.url = sent.reference.and_then(|reference| reference.url);
                let refused =
                    |refusal: Refusal| format!("event {}: {}", refusal.seq, refusal.reason);
                synced.refused = sent.refused.into_iter().map(refused).collect();
                // Reported once: rejected events are not sent again.
                synced.ok &= synced.refused.is_empty();
            }
            // Another process is sending the run and records the result.
            Err(error @ TrackerError::Busy { .. }) => {
                synced.ok = true;
                synced.error = Some(error.full_message());
            }
            Err(error) => {
                synced.error = Some(error.full_message());
                if matches!(error, TrackerError::Unavailable { .. }) {
                    self.down.insert(place, error.full_message());
                }
            }
        }
        synced
    }

    fn tracker(&mut self, place: &str, run: &Unsynced) -> Result<Arc<dyn Tracker>, TrackerError> {
        if let Some(known) = self.known.get(place) {
            return Ok(Arc::clone(known));
        }
        let tracker = of_cursor(&run.cursor, &run.job)?;
        // Backends with a directory in each job need one tracker per job.
        if tracker.is_remote() {
            self.known.insert(place.to_owned(), Arc::clone(&tracker));
        }
        Ok(tracker)
    }
}
