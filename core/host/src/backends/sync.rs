//! Sends runs that the backends do not have completely.

use std::{collections::HashMap, path::Path, sync::Arc};

use protea_tracking::{
    IfMissing, Refusal, RunId, Synced, Tracker, TrackerError, log::EventLog, recover_run, sync_run,
};
use serde::Serialize;

use super::{
    Connection,
    backend::{Backend, of_cursor},
    binding::remember,
};
use crate::workspace::{RunDirectory, Status, UnknownProgress, Unsynced};

/// What a sync did for one run and one backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SyncedRun {
    /// The run.
    pub run_id: RunId,
    /// The backend.
    pub backend: String,
    /// Whether the backend has the complete run, or another process is sending it.
    pub ok: bool,
    /// Number of events sent.
    pub sent: u64,
    /// The address of the run in a browser.
    pub url: Option<String>,
    /// Events that the backend refused, as messages, at most the first hundred. The next sync sends
    /// them again.
    pub refused: Vec<String>,
    /// How many events the backend refused.
    pub refused_events: u64,
    /// The same as `refused`, for programs.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
    /// Why the run could not be sent.
    pub error: Option<String>,
    /// Whether it is unknown what the backend has of the run.
    pub unknown: bool,
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

/// Finds out what the backends have of runs of which this is unknown, and sends the rest: a server
/// is searched for the run, and a backend of this machine continues its own files. The server is the
/// one that the environment names. `if_missing` says what happens to a run that it does not have.
pub fn recover(runs: Vec<UnknownProgress>, if_missing: IfMissing) -> Vec<SyncedRun> {
    runs.into_iter()
        .map(|run| {
            let mut synced = SyncedRun {
                run_id: run.run_id,
                backend: run.backend.clone().unwrap_or_default(),
                ok: false,
                sent: 0,
                url: None,
                refused: Vec::new(),
                refused_events: 0,
                refusals: Vec::new(),
                error: None,
                unknown: true,
            };
            let Some(backend) = run.backend else {
                synced.error = Some(run.error.full_message());
                return synced;
            };
            let recovered = Backend::from_name(&backend, Connection::Offline)
                .and_then(|backend| backend.tracker(&run.job))
                .and_then(|tracker| recover_run(&run.log, tracker, if_missing));
            match recovered {
                Ok(sent) => {
                    synced.unknown = false;
                    synced.has_sent(&run.job, &run.log, sent);
                }
                Err(error) => {
                    let reason = match &error {
                        TrackerError::UnknownProgress { .. } => {
                            format!("the {backend} of the environment does not have the run")
                        }
                        error => error.full_message(),
                    };
                    synced.error = Some(format!("unknown: {}; {reason}", run.error.full_message()));
                }
            }
            synced
        })
        .collect()
}

impl SyncedRun {
    fn has_sent(&mut self, job: &Path, log: &Path, sent: Synced) {
        self.ok = true;
        self.sent = sent.sent;
        if let Some(reference) = &sent.reference
            && let Err(error) = remember(job, &self.run_id, reference)
        {
            self.ok = false;
            self.error = Some(error.to_string());
        }
        self.url = sent.reference.and_then(|reference| reference.url);
        let refused = |refusal: &Refusal| format!("event {}: {}", refusal.seq, refusal.reason);
        self.refused = sent.refused.iter().map(refused).collect();
        self.refusals = sent.refused;
        self.refused_events = sent.refused_events;
        self.ok &= self.refused_events == 0;
        if let Some(status) = ended_as(job, log, &self.run_id) {
            self.ok = false;
            self.error = Some(format!(
                "{} lacks the end of the run (status: {status}); the file was cut or restored from \
                 an old copy",
                log.display()
            ));
        }
    }
}

/// How a run ended whose log lacks the end. `None` if the log has the end, or the run has none yet.
fn ended_as(job: &Path, log: &Path, run_id: &RunId) -> Option<Status> {
    let manifest = RunDirectory::manifest(job, run_id)?;
    if manifest.status == Status::Running {
        return None;
    }
    // It cannot be opened while a process records the run, which then is not at its end. Opening it
    // cuts off an incomplete last line.
    let opened = EventLog::open(log).ok()?;
    (!opened.has_end()).then_some(manifest.status)
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
            refused_events: 0,
            refusals: Vec::new(),
            error: self.down.get(&place).cloned(),
            unknown: false,
        };
        if synced.error.is_some() {
            return synced;
        }
        let result = self
            .tracker(&place, run)
            .and_then(|tracker| sync_run(&run.log, tracker));
        match result {
            Ok(sent) => synced.has_sent(&run.job, &run.log, sent),
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
