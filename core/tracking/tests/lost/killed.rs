//! A process is killed at random moments while it logs, and while it repairs what another one left.

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

/// The process that is killed: logs, and says after each event how many were taken.
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
    let tracker =
        LogFirst::new(Jsonl::new(directory).unwrap()).feeding(Arc::new(mirror(directory)), &feeder);
    let run = tracker
        .start_run(RunStart::new("to be killed").id(RUN))
        .unwrap();
    let taken = File::create(directory.join("taken")).unwrap();
    for step in 0..u64::MAX {
        let name = "m".repeat(1 + (step as usize * 7919) % longest);
        run.log_metrics(step, [(name, 0.1)]).unwrap();
        // Eight bytes of one page are there or not.
        taken.write_all_at(&(step + 1).to_le_bytes(), 0).unwrap();
    }
}

/// The process that is killed while it repairs.
#[test]
fn child_that_repairs() {
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

/// A backend that outlives the process: a second directory of logs.
fn mirror(directory: &Path) -> Jsonl {
    Jsonl::new(directory.join("mirror")).unwrap()
}

/// Runs the child, kills it after a while, and gives how many steps it knew to be taken.
fn log_and_kill(directory: &Path, lines: &str, after: Duration) -> u64 {
    let mut child = child("killed::child_that_logs", directory, lines);
    let log = directory.join(RUN).join("events.jsonl");
    while !log.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let taken = fs::read(directory.join("taken")).unwrap_or_default();
    taken
        .first_chunk()
        .map_or(0, |taken| u64::from_le_bytes(*taken))
}

/// How many steps a log has, one after the other from the first.
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
fn what_was_taken_is_in_the_log_and_the_run_is_closed() {
    let mut from_tails = 0;
    for round in 0..200_u64 {
        let directory = tempfile::tempdir().unwrap();
        // Every tenth lives long enough for several rounds of feeding.
        let longest = if round % 10 == 0 { 700_000 } else { 20_000 };
        let after = Duration::from_micros((round * 104_729) % longest);
        let lines = if round % 2 == 0 { "long" } else { "short" };
        let taken = log_and_kill(directory.path(), lines, after);

        let tracker = Jsonl::new(directory.path()).unwrap();
        let log = tracker.log_of(RUN);
        from_tails += u32::from(log.with_extension("tail").exists());
        // Whoever only reads misses nothing, before anything is repaired.
        let logged = steps(&log, round);
        assert!(
            logged >= taken,
            "round {round}: {taken} taken, {logged} logged"
        );

        // A repair that is killed itself changes nothing of that.
        if round % 3 > 0 {
            let mut repair = child("killed::child_that_repairs", directory.path(), lines);
            thread::sleep(Duration::from_micros((round * 7919) % 6000));
            repair.kill().unwrap();
            repair.wait().unwrap();
            assert_eq!(steps(&log, round), logged);
        }

        let closed = tracker.close_vanished().unwrap();
        assert_eq!(steps(&log, round), logged);
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        if events.is_empty() {
            continue;
        }
        assert!(!log.with_extension("tail").exists(), "round {round}");
        let text = fs::read_to_string(&log).unwrap();
        assert_eq!(
            text.lines().count(),
            events.len(),
            "all is in the file itself"
        );
        let Some(EventKind::Finish { status, .. }) = events.last().map(|event| &event.kind) else {
            panic!("round {round}: the run has no end");
        };
        assert_eq!(*status, RunStatus::Killed);
        // The repair before may have come to its end.
        assert!(closed.len() == 1 || round % 3 > 0, "round {round}");
        assert_eq!(tracker.close_vanished().unwrap(), [], "closed once");

        // The backend gets each event once, whatever the killed process had sent and noted.
        let mirror = mirror(directory.path());
        sync_run(&log, Arc::new(mirror.clone())).unwrap();
        let again = sync_run(&log, Arc::new(mirror.clone())).unwrap();
        assert_eq!(again.sent, 0, "round {round}");
        let mirrored = LogReader::open(mirror.log_of(RUN), 0).unwrap().rest();
        assert!(mirrored.unwrap() == events, "round {round}");
    }
    if cfg!(target_os = "linux") {
        assert!(from_tails > 50, "{from_tails} of them had a tail");
    }
}

#[test]
fn a_run_that_goes_on_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let run = tracker.start_run(RunStart::new("goes on")).unwrap();
    assert_eq!(tracker.close_vanished().unwrap(), []);
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    assert_eq!(tracker.close_vanished().unwrap(), []);
}

/// A run that is let go is nobody's: it is not closed, and its id goes on with it.
#[test]
fn a_run_may_be_suspended() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let start = RunStart::new("suspended").id("suspended");
    let run = tracker.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.suspend().unwrap();
    assert!(run.log_metrics(1, [("loss", 0.5)]).is_err());
    drop(run);
    assert_eq!(tracker.close_vanished().unwrap(), []);

    let run = tracker.start_run(start).unwrap();
    run.log_metrics(1, [("loss", 0.5)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let events = LogReader::open(tracker.log_of("suspended"), 0)
        .unwrap()
        .rest();
    let seqs: Vec<u64> = events.unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3]);
}

/// Whatever byte the log ends with, it reads, and it is gone on with after its last whole line.
#[test]
fn a_log_cut_anywhere_reads() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let start = RunStart::new("cut").id("cut").config("ключ", "значение");
    let run = tracker.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0), ("потеря", f64::NAN)])
        .unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let log = tracker.log_of("cut");
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

/// What a killed process had just started holds its locks until it is a program of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_lock_that_outlives_its_process_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = child("killed::child_that_logs", directory.path(), "short");
    // Made when the run has begun.
    while !directory.path().join("taken").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let tracker = Jsonl::new(directory.path()).unwrap();
    let inherited = File::open(tracker.log_of(RUN)).unwrap();
    inherited.lock().unwrap();
    let unlocking = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        drop(inherited);
    });
    let closed = tracker.close_vanished().unwrap();
    unlocking.join().unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].status, RunStatus::Killed);
}

/// Killed between its mark and its first line, a run was none.
#[test]
#[cfg(target_os = "linux")]
fn the_mark_of_a_run_that_never_began_goes_with_its_process() {
    let directory = tempfile::tempdir().unwrap();
    log_and_kill(directory.path(), "short", Duration::ZERO);
    let tracker = Jsonl::new(directory.path()).unwrap();
    File::create(tracker.log_of(RUN)).unwrap();
    let _ = fs::remove_file(tracker.log_of(RUN).with_extension("tail"));
    let marks = || fs::read_dir(directory.path().join(".open")).map_or(0, Iterator::count);
    assert_eq!(marks(), 1);
    assert_eq!(tracker.close_vanished().unwrap(), []);
    assert_eq!(marks(), 0);
}
