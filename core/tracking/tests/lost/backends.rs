//! Backends that do not answer, are slow, or refuse events.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use protea_tracking::{
    EventKind, Feeder, Jsonl, LogFirst, Memory, MemoryRecord, RunEvent, RunPage, RunQuery,
    RunReference, RunSink, RunStart, RunStatus, Tracker, TrackerError, cursors, sync_run,
};

/// A limit that is not reached on any machine: it only ends a test that would never end.
const NEVER: Duration = Duration::from_secs(600);

/// A memory behind an unreliable connection.
#[derive(Clone, Default)]
struct Flaky {
    memory: Memory,
    down: Arc<AtomicBool>,
    /// Every n-th call fails after it was executed; 0 for none.
    every: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    refuses: Arc<Mutex<Option<u64>>>,
}

impl Flaky {
    fn answer(&self) -> Result<(), TrackerError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let every = self.every.load(Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) || (every > 0 && call.is_multiple_of(every)) {
            return Err(TrackerError::Unavailable {
                backend: "flaky".to_owned(),
                reason: "connection refused".to_owned(),
            });
        }
        Ok(())
    }
}

impl Tracker for Flaky {
    fn backend(&self) -> &'static str {
        "flaky"
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        self.answer()?;
        Ok(Box::new(FlakyRun {
            sink: self.memory.open_run(start)?,
            tracker: self.clone(),
        }))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        self.memory.list_runs(query)
    }
}

struct FlakyRun {
    tracker: Flaky,
    sink: Box<dyn RunSink>,
}

impl RunSink for FlakyRun {
    fn reference(&self) -> RunReference {
        self.sink.reference()
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let refuses = *self.tracker.refuses.lock().unwrap();
        if events.iter().any(|event| Some(event.seq) == refuses) {
            return Err(TrackerError::Refused {
                backend: "flaky".to_owned(),
                what: "the event".to_owned(),
                reason: "the test wants this".to_owned(),
            });
        }
        if self.tracker.down.load(Ordering::SeqCst) {
            return self.tracker.answer();
        }
        self.sink.apply(events)?;
        self.tracker.answer()
    }
}

fn seqs(memory: &Memory) -> Vec<u64> {
    memory.runs()[0]
        .events
        .iter()
        .map(|event| event.seq)
        .collect()
}

fn tracker(directory: &Path, backend: &Flaky, feeder: &Feeder) -> LogFirst {
    LogFirst::new(Jsonl::new(directory).unwrap()).with_backend(Arc::new(backend.clone()), feeder)
}

#[test]
fn an_unreliable_backend_gets_each_event_once() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    backend.every.store(3, Ordering::SeqCst);
    let feeder = Feeder::new();
    let run = tracker(directory.path(), &backend, &feeder)
        .start_run(RunStart::new("flaky"))
        .unwrap();
    for step in 0..5000 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    // `wait` returns early while the backend does not answer.
    while !feeder.wait(NEVER).is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(seqs(&backend.memory), (0..5002).collect::<Vec<_>>());
}

#[test]
fn a_backend_without_answer_is_left_for_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    backend.down.store(true, Ordering::SeqCst);
    let feeder = Feeder::new();
    let tracker = tracker(directory.path(), &backend, &feeder);
    let run = tracker
        .start_run(RunStart::new("dead").with_id("dead"))
        .unwrap();
    for step in 0..100 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let left = feeder.wait(NEVER);
    assert_eq!(left.len(), 1);
    assert!(
        left[0]
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("connection refused"))
    );
    drop((tracker, feeder));
    assert!(backend.memory.runs().is_empty());

    let log = Jsonl::new(directory.path())
        .unwrap()
        .log_path(&"dead".into());
    let beside = cursors(&log).unwrap();
    assert_eq!(beside.len(), 1);
    assert!(!beside[0].is_complete(&log).unwrap());
    let down = sync_run(&log, Arc::new(backend.clone())).unwrap_err();
    assert!(down.is_temporary(), "{down}");

    backend.down.store(false, Ordering::SeqCst);
    assert_eq!(sync_run(&log, Arc::new(backend.clone())).unwrap().sent, 102);
    assert_eq!(sync_run(&log, Arc::new(backend.clone())).unwrap().sent, 0);
    assert_eq!(seqs(&backend.memory), (0..102).collect::<Vec<_>>());
    assert!(cursors(&log).unwrap()[0].is_complete(&log).unwrap());
}

#[test]
fn an_offline_run_contacts_no_server() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let feeder = Feeder::new();
    let tracker = tracker(directory.path(), &backend, &feeder);
    let start = RunStart::new("offline").with_id("offline").offline();
    tracker
        .start_run(start)
        .unwrap()
        .finish(RunStatus::Finished)
        .unwrap();
    assert!(feeder.wait(NEVER).is_empty());
    assert_eq!(backend.calls.load(Ordering::SeqCst), 0);

    let log = tracker.log().log_path(&"offline".into());
    assert_eq!(cursors(&log).unwrap()[0].backend, "flaky");
    assert_eq!(sync_run(&log, Arc::new(backend.clone())).unwrap().sent, 2);
}

#[test]
fn a_refused_event_is_recorded_and_the_rest_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    *backend.refuses.lock().unwrap() = Some(3);
    let log = Jsonl::new(directory.path()).unwrap();
    let run = log
        .start_run(RunStart::new("refused").with_id("refused"))
        .unwrap();
    for step in 0..5 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let synced = sync_run(&log.log_path(&"refused".into()), Arc::new(backend.clone())).unwrap();
    assert_eq!(synced.refused.len(), 1);
    assert_eq!(synced.refused[0].seq, 3);
    assert!(synced.refused[0].reason.contains("the test wants this"));
    assert_eq!(seqs(&backend.memory), [0, 1, 2, 4, 5, 6]);
}

/// One sends; the others report that, or find nothing left to send.
#[test]
fn two_syncs_at_once_send_each_event_once() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let log = Jsonl::new(directory.path()).unwrap();
    let run = log
        .start_run(RunStart::new("twice").with_id("twice"))
        .unwrap();
    for step in 0..20_000 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let path = log.log_path(&"twice".into());
    let sent: u64 = thread::scope(|scope| {
        let syncs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| sync_run(&path, Arc::new(backend.clone()))))
            .collect();
        let results = syncs.into_iter().map(|sync| sync.join().unwrap());
        results
            .map(|result| match result {
                Ok(synced) => synced.sent,
                Err(TrackerError::Busy { .. }) => 0,
                Err(error) => panic!("{error}"),
            })
            .sum()
    });
    assert_eq!(sent, 20_002);
    assert_eq!(seqs(&backend.memory), (0..20_002).collect::<Vec<_>>());
}

/// A power failure took the end of the log, which the backend has. It gets the end of the run too.
#[test]
fn a_log_behind_its_backend_is_closed_there_too() {
    let place = tempfile::tempdir().unwrap();
    let (live, after) = (place.path().join("live"), place.path().join("after"));
    let backend = Flaky::default();
    let log = Jsonl::new(&live).unwrap();
    let run = log
        .start_run(RunStart::new("power").with_id("power"))
        .unwrap();
    for step in 0..10 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    sync_run(&log.log_path(&"power".into()), Arc::new(backend.clone())).unwrap();
    let copied = Command::new("cp").arg("-r").args([&live, &after]).status();
    assert!(copied.unwrap().success());

    let log = Jsonl::new(&after).unwrap();
    let path = log.log_path(&"power".into());
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').take(5).collect();
    std::fs::write(&path, kept).unwrap();
    assert!(!cursors(&path).unwrap()[0].is_complete(&path).unwrap());
    assert_eq!(log.close_vanished().unwrap().len(), 1);
    sync_run(&path, Arc::new(backend.clone())).unwrap();
    assert_eq!(seqs(&backend.memory), (0..12).collect::<Vec<_>>());
    let runs = backend.memory.runs();
    assert!(matches!(
        runs[0].events[11].kind,
        EventKind::Finish {
            status: RunStatus::Killed,
            ..
        }
    ));
    assert!(cursors(&path).unwrap()[0].is_complete(&path).unwrap());
}

/// Events arrive while the run is recorded.
#[test]
fn a_live_run_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let feeder = Feeder::new();
    let run = tracker(directory.path(), &backend, &feeder)
        .start_run(RunStart::new("live"))
        .unwrap();
    run.log_metrics(0, [("loss", 0.5)]).unwrap();
    let has_both = |runs: &[MemoryRecord]| runs.first().is_some_and(|run| run.events.len() == 2);
    while !has_both(&backend.memory.runs()) {
        thread::sleep(Duration::from_millis(10));
    }
    let runs = backend.memory.runs();
    assert!(matches!(
        runs[0].events[1].kind,
        EventKind::Log { step: 0, .. }
    ));
    run.finish(RunStatus::Finished).unwrap();
}
