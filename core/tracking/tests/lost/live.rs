//! The log of a run while it is recorded.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use protea_tracking::{
    EventKind, Jsonl, MetricPoint, Run, RunEvent, RunStart, RunStatus, Tracker,
    log::{EventLog, LogReader},
};

const MANY: u64 = 300;

fn start(directory: &Path) -> (Run, PathBuf) {
    let tracker = Jsonl::new(directory).unwrap();
    let run = tracker
        .start_run(RunStart::new("run").with_id("run"))
        .unwrap();
    (run, tracker.log_path(&"run".into()))
}

fn log(run: &Run, steps: std::ops::Range<u64>) {
    for step in steps {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
}

fn seqs(log: &Path) -> Vec<u64> {
    let events = LogReader::open(log, 0).unwrap().rest().unwrap();
    events.iter().map(|event| event.seq).collect()
}

fn lines(log: &Path) -> usize {
    let text = fs::read_to_string(log).unwrap();
    assert!(text.ends_with('\n'), "complete lines only");
    text.lines().count()
}

/// `LogReader` and other programs, such as `tail -f`, read an event once its call has returned.
#[test]
fn an_event_is_in_the_file_when_its_call_returns() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    let mut reader = LogReader::open(&path, 0).unwrap();
    for round in 1..=10 {
        log(&run, (round - 1) * MANY..round * MANY);
        let read = reader.rest().unwrap();
        assert_eq!(read.last().map(|event| event.seq), Some(round * MANY));
        assert_eq!(lines(&path) as u64, round * MANY + 1);
    }
    run.finish(RunStatus::Finished).unwrap();
}

#[test]
fn the_log_is_the_only_file_of_a_run() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    let files = || fs::read_dir(path.parent().unwrap()).unwrap().count();
    log(&run, 0..MANY);
    assert_eq!(files(), 1);
    run.set_tags([("a".to_owned(), "b".to_owned())].into())
        .unwrap();
    log(&run, MANY..MANY + 100);
    run.suspend().unwrap();
    drop(run);
    assert_eq!(lines(&path) as u64, MANY + 102);

    let (run, _) = start(directory.path());
    log(&run, 0..MANY);
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(lines(&path) as u64, 2 * MANY + 103);
    assert_eq!(files(), 1);
}

#[test]
fn events_of_all_kinds_are_in_the_order_of_their_calls() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    log(&run, 0..MANY);
    for round in 0..3 {
        run.set_tags([("round".to_owned(), round.to_string())].into())
            .unwrap();
        log(&run, 0..5);
        let last = MANY + 6 * (round + 1);
        assert_eq!(seqs(&path), (0..=last).collect::<Vec<_>>());
    }
}

#[test]
fn lines_of_any_length_are_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    for step in 0..MANY {
        let length = if step % 7 == 0 { 70_000 } else { 10 };
        run.log_metrics(step, [("m".repeat(length), 0.5)]).unwrap();
    }
    assert_eq!(seqs(&path), (0..=MANY).collect::<Vec<_>>());
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(lines(&path) as u64, MANY + 2);
}

/// Bounds what a power failure can take.
#[test]
fn a_log_is_synchronised_while_it_is_written() {
    // It happens once a second. The limit only ends a test that would never end.
    const NEVER: Duration = Duration::from_secs(600);

    let directory = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(directory.path().join("run/events.jsonl")).unwrap();
    for seq in 0..MANY {
        let metrics = vec![MetricPoint {
            name: "loss".into(),
            value: 0.5,
        }];
        let kind = EventKind::Log { step: seq, metrics };
        let time = jiff::Timestamp::now();
        log.append(&[RunEvent::new(seq, time, kind)]).unwrap();
    }
    let length = fs::metadata(log.path()).unwrap().len();
    let begin = Instant::now();
    while log.on_disk() < length {
        assert!(begin.elapsed() < NEVER, "{}", log.on_disk());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(log.on_disk(), length);
}
