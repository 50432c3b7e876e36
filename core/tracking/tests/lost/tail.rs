//! The tail of a log: what it adds to the log, whatever state it was left in.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use protea_tracking::{
    Event, EventKind, Jsonl, Metric, Run, RunStart, RunStatus, Tracker, TrackerError,
    log::{EventLog, LogReader},
};

const DIRECTORY: &str = "PROTEA_TEST_TAIL_DIRECTORY";
/// So many that a tail is used.
const MANY: u64 = 300;

fn start(directory: &Path) -> (Run, PathBuf) {
    let tracker = Jsonl::new(directory).unwrap();
    let run = tracker.start_run(RunStart::new("run").id("run")).unwrap();
    (run, tracker.log_of("run"))
}

fn log(run: &Run, steps: std::ops::Range<u64>) {
    for step in steps {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
    }
}

fn events(log: &Path) -> Vec<Event<'static>> {
    LogReader::open(log, 0).unwrap().rest().unwrap()
}

fn lines(log: &Path) -> usize {
    let text = fs::read_to_string(log).unwrap();
    assert!(text.ends_with('\n'), "whole lines only");
    text.lines().count()
}

/// The process that ends without a chance to bring anything in order.
#[test]
fn child_that_aborts() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let (run, _) = start(Path::new(&directory));
        log(&run, 0..MANY);
        process::abort();
    }
}

/// A log with a tail, as a process left them.
fn abandoned(directory: &Path) -> (PathBuf, PathBuf) {
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--exact", "tail::child_that_aborts"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert!(!child.status().unwrap().success());
    let log = directory.join("run/events.jsonl");
    (log.clone(), log.with_extension("tail"))
}

/// As a write, or a repair, that was cut off after any of its bytes.
#[test]
fn a_log_that_has_any_part_of_its_tail_gets_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let (log, tail) = abandoned(directory.path());
    let (written, held) = (fs::read(&log).unwrap(), fs::read(&tail).unwrap());
    let expected = events(&log);
    assert_eq!(expected.len() as u64, MANY + 1);
    drop(EventLog::open(&log).unwrap());
    let whole = fs::read(&log).unwrap();
    assert!(whole.starts_with(&written) && whole.len() > written.len());
    assert_eq!(lines(&log) as u64, MANY + 1);
    assert!(!tail.exists());

    // Every place in the first lines, then some, and the end.
    let near = written.len()..whole.len().min(written.len() + 300);
    let far = (near.end..whole.len()).step_by(41).chain([whole.len()]);
    for end in near.chain(far) {
        fs::write(&log, &whole[..end]).unwrap();
        fs::write(&tail, &held).unwrap();
        assert!(events(&log) == expected, "cut at {end}: live");
        assert_eq!(EventLog::open(&log).unwrap().last_seq(), Some(MANY));
        assert!(fs::read(&log).unwrap() == whole, "cut at {end}");
        assert!(!tail.exists());
    }
}

/// As after a loss of power: the log has whole lines, and is gone on with.
#[test]
fn a_tail_that_is_not_whole_or_not_next_adds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (log, tail) = abandoned(directory.path());
    let (written, held) = (fs::read(&log).unwrap(), fs::read(&tail).unwrap());
    let known = fs::read_to_string(&log).unwrap().lines().count() as u64;
    for damaged in [
        &b""[..],
        b"evtail1\n",
        &held[..64],
        &held[..100],
        &[0; 65536],
        &[&held[..200], b"x", &held[201..]].concat(),
    ] {
        fs::write(&tail, damaged).unwrap();
        assert_eq!(events(&log).len() as u64, known);
        let opened = EventLog::open(&log).unwrap();
        assert_eq!(opened.last_seq(), Some(known - 1));
        drop(opened);
        assert!(fs::read(&log).unwrap() == written);
        assert!(!tail.exists());
    }

    // The log ends before the place that the tail goes on from.
    fs::write(&log, &written[..written.len() - 5]).unwrap();
    fs::write(&tail, &held).unwrap();
    assert_eq!(events(&log).len() as u64, known - 1);
    assert_eq!(EventLog::open(&log).unwrap().last_seq(), Some(known - 2));
    assert_eq!(lines(&log) as u64, known - 1);

    // Somebody wrote other lines there: neither is thrown away.
    fs::write(&log, [&written[..], b"{}\n"].concat()).unwrap();
    fs::write(&tail, &held).unwrap();
    let error = EventLog::open(&log).unwrap_err();
    assert!(
        matches!(&error, TrackerError::Corrupt { path, .. } if *path == tail),
        "{error}"
    );
    assert!(tail.exists());
}

/// A reader of this crate misses nothing; `cat` sees a line a tenth of a second later.
#[test]
fn a_live_run_is_read_at_once_and_by_others_soon() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    let mut shortest = Duration::MAX;
    let mut reader = LogReader::open(&path, 0).unwrap();
    for round in 1..=10 {
        log(&run, (round - 1) * MANY..round * MANY);
        let logged = Instant::now();
        let read = reader.rest().unwrap();
        assert_eq!(read.last().map(|event| event.seq), Some(round * MANY));
        let expected = (round * MANY + 1) as usize;
        while lines(&path) < expected {
            assert!(logged.elapsed() < Duration::from_secs(300), "round {round}");
            thread::sleep(Duration::from_millis(2));
        }
        shortest = shortest.min(logged.elapsed());
    }
    // A tenth of a second on an idle machine; of ten rounds, one comes near it on a busy one.
    assert!(shortest < Duration::from_millis(1500), "{shortest:?}");
    run.finish(RunStatus::Finished).unwrap();
}

#[test]
fn nothing_stays_beside_a_log_that_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    let tail = path.with_extension("tail");
    log(&run, 0..10);
    assert!(!tail.exists(), "a few events need none");
    log(&run, 10..MANY);
    assert_eq!(tail.exists(), cfg!(target_os = "linux"));
    // What is no point is in the file at once, with all before it.
    run.set_tags([("a".to_owned(), "b".to_owned())].into())
        .unwrap();
    assert_eq!(lines(&path) as u64, MANY + 2);
    log(&run, MANY..MANY + 100);
    run.suspend().unwrap();
    drop(run);
    assert_eq!(lines(&path) as u64, MANY + 102);
    assert!(!tail.exists());

    let (run, _) = start(directory.path());
    log(&run, 0..MANY);
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(lines(&path) as u64, 2 * MANY + 103);
    assert!(!tail.exists());
}

/// What is no point goes to the file; the points behind it are read behind it.
#[test]
fn what_goes_to_the_file_at_once_moves_the_place_of_what_follows() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    log(&run, 0..MANY);
    for round in 0..3 {
        run.set_tags([("round".to_owned(), round.to_string())].into())
            .unwrap();
        log(&run, 0..5);
        let seqs: Vec<u64> = events(&path).iter().map(|event| event.seq).collect();
        let last = MANY + 6 * (round + 1);
        assert_eq!(seqs, (0..=last).collect::<Vec<_>>());
    }
}

/// Lines that no tail could hold go to the file, in their order.
#[test]
fn long_lines_keep_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let (run, path) = start(directory.path());
    for step in 0..MANY {
        let length = if step % 7 == 0 { 70_000 } else { 10 };
        run.log_metrics(step, [("m".repeat(length), 0.5)]).unwrap();
    }
    let seqs: Vec<u64> = events(&path).iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (0..=MANY).collect::<Vec<_>>());
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(lines(&path) as u64, MANY + 2);
}

/// What a loss of power can take is bounded: the log goes to the disk while the run goes on.
#[test]
fn a_log_goes_to_the_disk_while_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(directory.path().join("run/events.jsonl")).unwrap();
    for seq in 0..MANY {
        let metrics = vec![Metric {
            name: "loss".into(),
            value: 0.5,
        }];
        let kind = EventKind::Log { step: seq, metrics };
        let time = jiff::Timestamp::now();
        log.append(&[Event { seq, time, kind }]).unwrap();
    }
    log.flush().unwrap();
    let length = fs::metadata(log.path()).unwrap().len();
    let logged = Instant::now();
    while log.on_disk() < length {
        assert!(
            logged.elapsed() < Duration::from_secs(300),
            "{}",
            log.on_disk()
        );
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(log.on_disk(), length);
}
