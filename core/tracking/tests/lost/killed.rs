//! A process is killed at random moments while it logs, and while it closes another one's run.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use protea_tracking::{
    EventKind, Feeder, Jsonl, LogFirst, RunStart, RunStatus, Tracker, log::LogReader, sync_run,
};

const DIRECTORY: &str = "PROTEA_TEST_LOG_DIRECTORY";
const LINES: &str = "PROTEA_TEST_LOG_LINES";
const RUN: &str = "killed";

/// The child process that is killed. Logs, and writes after each call how many have returned.
#[test]
fn child_that_logs() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let directory = Path::new(&directory);
    // Lines of different lengths, some longer than a page, or all short.
    let longest = if env::var(LINES).unwrap() == "long" {
        6000
    } else {
        20
    };
    let feeder = Feeder::new();
    let tracker = LogFirst::new(Jsonl::new(directory).unwrap())
        .with_backend(Arc::new(mirror(directory)), &feeder);
    let run = tracker
        .start_run(RunStart::new("to be killed").with_id(RUN))
        .unwrap();
    let returned = File::create(directory.join("returned")).unwrap();
    for step in 0..u64::MAX {
        let name = "m".repeat(1 + (step as usize * 7919) % longest);
        run.log_metrics(step, [(name, 0.1)]).unwrap();
        // A kill does not interrupt a write of eight bytes within a page.
        returned.write_all_at(&(step + 1).to_le_bytes(), 0).unwrap();
    }
}

/// The child process that is killed while it closes a run.
#[test]
fn child_that_closes() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        Jsonl::new(directory).unwrap().close_vanished().unwrap();
    }
}

fn child(test: &str, directory: &Path, lines: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test])
        .env(DIRECTORY, directory)
        .env(LINES, lines)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A backend that survives the process: a second directory of logs.
fn mirror(directory: &Path) -> Jsonl {
    Jsonl::new(directory.join("mirror")).unwrap()
}

/// Runs the child, kills it `after` it has created its log, and returns how many calls had
/// returned.
fn log_and_kill(directory: &Path, lines: &str, after: Duration) -> u64 {
    let mut child = child("killed::child_that_logs", directory, lines);
    let log = directory.join(RUN).join("events.jsonl");
    while !log.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let returned = fs::read(directory.join("returned")).unwrap_or_default();
    returned
        .first_chunk()
        .map_or(0, |returned| u64::from_le_bytes(*returned))
}

/// How many steps a log has. Checks that none is missing or there twice.
fn steps(log: &Path, round: u64) -> u64 {
    let events = LogReader::open(log, 0).unwrap().rest().unwrap();
    for (seq, event) in (0..).zip(&events) {
        assert_eq!(event.seq, seq, "round {round}: no gap, and none twice");
    }
    let mut steps = events.iter().filter_map(|event| match event.kind {
        EventKind::Log { step, .. } => Some(step + 1),
        _ => None,
    });
    steps.next_back().unwrap_or(0)
}

#[test]
fn logged_events_survive_and_the_run_is_closed() {
    for round in 0..200_u64 {
        let directory = tempfile::tempdir().unwrap();
        // Every tenth process lives long enough for several rounds of feeding.
        let longest = if round % 10 == 0 { 700_000 } else { 20_000 };
        let after = Duration::from_micros((round * 104_729) % longest);
        let lines = if round % 2 == 0 { "long" } else { "short" };
        let returned = log_and_kill(directory.path(), lines, after);

        let tracker = Jsonl::new(directory.path()).unwrap();
        let log = tracker.log_path(&RUN.into());
        // Everything is there for a reader, before the run is closed.
        let logged = steps(&log, round);
        assert!(
            logged >= returned,
            "round {round}: {returned} calls returned, {logged} are logged"
        );

        // A process that is killed while it closes the run changes nothing of that.
        if round % 3 > 0 {
            let mut closing = child("killed::child_that_closes", directory.path(), lines);
            thread::sleep(Duration::from_micros((round * 7919) % 6000));
            closing.kill().unwrap();
            closing.wait().unwrap();
            assert_eq!(steps(&log, round), logged);
        }

        let closed = tracker.close_vanished().unwrap();
        assert_eq!(steps(&log, round), logged);
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        if events.is_empty() {
            continue;
        }
        let text = fs::read_to_string(&log).unwrap();
        assert_eq!(text.lines().count(), events.len(), "complete lines only");
        let Some(EventKind::Finish { status, .. }) = events.last().map(|event| &event.kind) else {
            panic!("round {round}: the run has no end");
        };
        assert_eq!(*status, RunStatus::Killed);
        // The process above may have closed the run before it was killed.
        assert!(closed.len() == 1 || round % 3 > 0, "round {round}");
        assert_eq!(tracker.close_vanished().unwrap(), [], "closed once");

        // The backend gets each event once, whatever the killed process had sent.
        let mirror = mirror(directory.path());
        sync_run(&log, Arc::new(mirror.clone())).unwrap();
        let again = sync_run(&log, Arc::new(mirror.clone())).unwrap();
        assert_eq!(again.sent, 0, "round {round}");
        let mirrored = LogReader::open(mirror.log_path(&RUN.into()), 0)
            .unwrap()
            .rest();
        assert!(mirrored.unwrap() == events, "round {round}");
    }
}

#[test]
fn a_run_that_is_being_recorded_is_not_closed() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let run = tracker.start_run(RunStart::new("recorded")).unwrap();
    assert_eq!(tracker.close_vanished().unwrap(), []);
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(tracker.close_vanished().unwrap(), []);
}

/// A suspended run is not closed, and its id continues it.
#[test]
fn a_run_can_be_suspended_and_continued() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let start = RunStart::new("suspended").with_id("suspended");
    let run = tracker.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.suspend().unwrap();
    assert!(run.log_metrics(1, [("loss", 0.5)]).is_err());
    drop(run);
    assert_eq!(tracker.close_vanished().unwrap(), []);

    let run = tracker.start_run(start).unwrap();
    run.log_metrics(1, [("loss", 0.5)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let events = LogReader::open(tracker.log_path(&"suspended".into()), 0)
        .unwrap()
        .rest();
    let seqs: Vec<u64> = events.unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3]);
}

/// A log that ends at any byte can be read, and continued after its last complete line.
#[test]
fn a_log_cut_off_anywhere_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let start = RunStart::new("cut")
        .with_id("cut")
        .with_config("ключ", "значение");
    let run = tracker.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0), ("потеря", f64::NAN)])
        .unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let log = tracker.log_path(&"cut".into());
    let whole = std::fs::read(&log).unwrap();
    for end in 0..whole.len() {
        std::fs::write(&log, &whole[..end]).unwrap();
        let lines = whole[..end].iter().filter(|byte| **byte == b'\n').count();
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        assert_eq!(events.len(), lines, "cut at {end}");
        let sink = tracker.open_run(&start).unwrap();
        assert_eq!(
            sink.applied(),
            (lines as u64).checked_sub(1),
            "cut at {end}"
        );
    }
}

/// A child that a killed process has just forked holds its locks until it executes a program.
#[test]
#[cfg(target_os = "linux")]
fn closing_waits_for_an_inherited_lock() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = child("killed::child_that_logs", directory.path(), "short");
    // The child creates this file after the start of the run.
    while !directory.path().join("returned").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let inherited = File::open(tracker.log_path(&RUN.into())).unwrap();
    inherited.lock().unwrap();
    let unlocking = thread::spawn(move || {
        // A hundredth of the time that closing waits.
        thread::sleep(Duration::from_millis(20));
        drop(inherited);
    });
    let closed = tracker.close_vanished().unwrap();
    unlocking.join().unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].status, RunStatus::Killed);
}

/// The process was killed after it created the marker and before it wrote the first line.
#[test]
#[cfg(target_os = "linux")]
fn the_marker_of_a_run_that_never_began_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    log_and_kill(directory.path(), "short", Duration::ZERO);
    let tracker = Jsonl::new(directory.path()).unwrap();
    File::create(tracker.log_path(&RUN.into())).unwrap();
    let markers = || fs::read_dir(directory.path().join(".open")).map_or(0, Iterator::count);
    // The process may have been killed while it wrote the marker a second time.
    assert!((1..=2).contains(&markers()), "{}", markers());
    assert_eq!(tracker.close_vanished().unwrap(), []);
    assert_eq!(markers(), 0);
}
