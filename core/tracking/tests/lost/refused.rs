//! Events that a backend refuses are kept, told, and sent again by a sync.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use protea_tracking::{
    Feeder, Jsonl, LogFirst, RunEvent, RunPage, RunQuery, RunReference, RunSink, RunStart,
    RunStatus, Tracker, TrackerError, cursors, sync_run,
};

/// A limit that is not reached on any machine: it only ends a test that would never end.
const NEVER: Duration = Duration::from_secs(600);

/// A server that refuses some events, and takes events in any order, each once.
#[derive(Clone, Default)]
struct Picky {
    taken: Arc<Mutex<BTreeSet<u64>>>,
    /// Refuses the events from this position on, except the last.
    refuses: Arc<Mutex<Option<std::ops::Range<u64>>>>,
}

impl Picky {
    fn refuse(&self, seqs: Option<std::ops::Range<u64>>) {
        *self.refuses.lock().unwrap() = seqs;
    }

    fn taken(&self) -> Vec<u64> {
        self.taken.lock().unwrap().iter().copied().collect()
    }
}

impl Tracker for Picky {
    fn backend(&self) -> &'static str {
        "picky"
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn open_run(&self, _: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        Ok(Box::new(self.clone()))
    }

    fn list_runs(&self, _: &RunQuery) -> Result<RunPage, TrackerError> {
        Ok(RunPage::default())
    }
}

impl RunSink for Picky {
    fn reference(&self) -> RunReference {
        RunReference::default()
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let refuses = self.refuses.lock().unwrap().clone();
        for event in events {
            if refuses
                .as_ref()
                .is_some_and(|seqs| seqs.contains(&event.seq))
            {
                return Err(TrackerError::Refused {
                    backend: "picky".to_owned(),
                    what: format!("the event {}", event.seq),
                    reason: "not today".to_owned(),
                });
            }
            self.taken.lock().unwrap().insert(event.seq);
        }
        Ok(())
    }
}

/// Records a run of `steps` metrics, and waits until the backend has all that it takes.
fn record(directory: &Path, backend: &Picky, feeder: &Feeder, steps: u64) -> std::path::PathBuf {
    let tracker = LogFirst::new(Jsonl::new(directory).unwrap())
        .with_backend(Arc::new(backend.clone()), feeder);
    let run = tracker
        .start_run(RunStart::new("picky").with_id("picky"))
        .unwrap();
    for step in 0..steps {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    assert!(feeder.wait(NEVER).is_empty());
    tracker.log().log_path(&"picky".into())
}

#[test]
fn a_live_run_tells_what_was_refused_and_a_sync_sends_it() {
    let directory = tempfile::tempdir().unwrap();
    let (backend, feeder) = (Picky::default(), Feeder::new());
    backend.refuse(Some(2..4));
    let log = record(directory.path(), &backend, &feeder, 5);
    let refused = feeder.take_refused();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].events, refused[0].backend), (2, "picky"));
    assert_eq!(refused[0].refused[0].seq, 2);
    assert_eq!(refused[0].refused[0].cause, "not today");
    assert!(feeder.take_refused().is_empty(), "told twice");
    assert_eq!(backend.taken(), [0, 1, 4, 5, 6]);

    // The backend has everything else, and each sync tries again what it refused.
    let cursor = &cursors(&log).unwrap()[0];
    assert!(cursor.is_complete(&log).unwrap());
    assert_eq!(cursor.refused_events(), 2);
    backend.refuse(Some(3..4));
    let synced = sync_run(&log, Arc::new(backend.clone())).unwrap();
    assert_eq!((synced.sent, synced.refused_events), (1, 1));
    backend.refuse(None);
    let synced = sync_run(&log, Arc::new(backend.clone())).unwrap();
    assert_eq!((synced.sent, synced.refused_events), (1, 0));
    assert_eq!(backend.taken(), (0..7).collect::<Vec<_>>());
    let synced = sync_run(&log, Arc::new(backend.clone())).unwrap();
    assert_eq!((synced.sent, synced.refused_events), (0, 0));
}

/// Reasons are kept for the first hundred, the rest is counted and sent again as well.
#[test]
fn more_refusals_than_are_listed_are_counted_and_sent() {
    let directory = tempfile::tempdir().unwrap();
    let (backend, feeder) = (Picky::default(), Feeder::new());
    backend.refuse(Some(1..1500));
    let log = record(directory.path(), &backend, &feeder, 1600);
    let refused = feeder.take_refused();
    assert_eq!((refused[0].events, refused[0].refused.len()), (1499, 100));
    backend.refuse(Some(1..2));
    let synced = sync_run(&log, Arc::new(backend.clone())).unwrap();
    assert_eq!((synced.sent, synced.refused_events), (1498, 1));
    backend.refuse(None);
    assert_eq!(sync_run(&log, Arc::new(backend.clone())).unwrap().sent, 1);
    assert_eq!(backend.taken(), (0..1602).collect::<Vec<_>>());
}
