//! Backends that are away, slow, or refuse.

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
    Event, EventKind, Feeder, Jsonl, LogFirst, Memory, RunPage, RunQuery, RunReference, RunSink,
    RunStart, RunStatus, Tracker, TrackerError, cursors, sync_run,
};

/// A memory behind a bad line.
#[derive(Clone, Default)]
struct Flaky {
    memory: Memory,
    down: Arc<AtomicBool>,
    /// Every so many calls fail after they were carried out.
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

    fn apply(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        let refuses = *self.tracker.refuses.lock().unwrap();
        if events.iter().any(|event| Some(event.seq) == refuses) {
            return Err(TrackerError::Refused {
                backend: "flaky".to_owned(),
                what: "the event".to_owned(),
                reason: "it is not liked".to_owned(),
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
    LogFirst::new(Jsonl::new(directory).unwrap()).feeding(Arc::new(backend.clone()), feeder)
}

#[test]
fn a_backend_that_fails_now_and_then_gets_each_event_once() {
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
    for _ in 0..100 {
        if feeder.wait(Duration::from_millis(500)).is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(seqs(&backend.memory), (0..5002).collect::<Vec<_>>());
}

#[test]
fn a_dead_backend_is_left_for_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    backend.down.store(true, Ordering::SeqCst);
    let feeder = Feeder::new();
    let tracker = tracker(directory.path(), &backend, &feeder);
    let run = tracker.start_run(RunStart::new("dead").id("dead")).unwrap();
    for step in 0..100 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let left = feeder.wait(Duration::from_secs(600));
    assert_eq!(left.len(), 1);
    assert!(
        left[0]
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("connection refused"))
    );
    drop((tracker, feeder));
    assert!(backend.memory.runs().is_empty());

    let log = Jsonl::new(directory.path()).unwrap().log_of("dead");
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
fn an_offline_run_touches_no_server() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let feeder = Feeder::new();
    let tracker = tracker(directory.path(), &backend, &feeder);
    let start = RunStart::new("offline").id("offline").offline(true);
    tracker
        .start_run(start)
        .unwrap()
        .finish(RunStatus::Finished)
        .unwrap();
    assert!(feeder.wait(Duration::from_secs(300)).is_empty());
    assert_eq!(backend.calls.load(Ordering::SeqCst), 0);

    let log = tracker.log().log_of("offline");
    assert_eq!(cursors(&log).unwrap()[0].backend, "flaky");
    assert_eq!(sync_run(&log, Arc::new(backend.clone())).unwrap().sent, 2);
}

#[test]
fn what_a_backend_refuses_is_noted_and_the_rest_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    *backend.refuses.lock().unwrap() = Some(3);
    let log = Jsonl::new(directory.path()).unwrap();
    let run = log
        .start_run(RunStart::new("refused").id("refused"))
        .unwrap();
    for step in 0..5 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let synced = sync_run(&log.log_of("refused"), Arc::new(backend.clone())).unwrap();
    assert_eq!(synced.refused.len(), 1);
    assert_eq!(synced.refused[0].seq, 3);
    assert!(synced.refused[0].reason.contains("it is not liked"));
    assert_eq!(seqs(&backend.memory), [0, 1, 2, 4, 5, 6]);
}

/// As from two terminals: one sends, the other says so or finds nothing left to send.
#[test]
fn two_syncs_at_once_send_each_event_once() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let log = Jsonl::new(directory.path()).unwrap();
    let run = log.start_run(RunStart::new("twice").id("twice")).unwrap();
    for step in 0..20_000 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    run.finish(RunStatus::Finished).unwrap();
    let path = log.log_of("twice");
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

/// The machine lost power, and the log its end, which the backend has: it gets the end of the run too.
#[test]
fn a_log_that_is_shorter_than_what_was_sent_is_closed_at_the_backend() {
    let place = tempfile::tempdir().unwrap();
    let (live, after) = (place.path().join("live"), place.path().join("after"));
    let backend = Flaky::default();
    let log = Jsonl::new(&live).unwrap();
    let run = log.start_run(RunStart::new("power").id("power")).unwrap();
    for step in 0..10 {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
    sync_run(&log.log_of("power"), Arc::new(backend.clone())).unwrap();
    let copied = Command::new("cp").arg("-r").args([&live, &after]).status();
    assert!(copied.unwrap().success());

    let log = Jsonl::new(&after).unwrap();
    let path = log.log_of("power");
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

/// While a run goes on, its events arrive.
#[test]
fn a_live_run_shows_up() {
    let directory = tempfile::tempdir().unwrap();
    let backend = Flaky::default();
    let feeder = Feeder::new();
    let run = tracker(directory.path(), &backend, &feeder)
        .start_run(RunStart::new("live"))
        .unwrap();
    run.log_metrics(0, [("loss", 0.5)]).unwrap();
    for _ in 0..6000 {
        if backend
            .memory
            .runs()
            .first()
            .is_some_and(|run| run.events.len() == 2)
        {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let runs = backend.memory.runs();
    assert!(matches!(
        runs[0].events[1].kind,
        EventKind::Log { step: 0, .. }
    ));
    run.finish(RunStatus::Finished).unwrap();
}
