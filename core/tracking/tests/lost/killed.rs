//! A process is killed at random moments while it logs.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use protea_tracking::{
    EventKind, Feeder, Jsonl, LogFirst, RunStart, RunStatus, Tracker, log::LogReader, sync_run,
};

const DIRECTORY: &str = "PROTEA_TEST_LOG_DIRECTORY";
const RUN: &str = "killed";

/// The process that is killed: logs, and says after each event that it was taken.
#[test]
fn child_that_logs() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let feeder = Feeder::new();
    let tracker = LogFirst::new(Jsonl::new(&directory).unwrap())
        .feeding(Arc::new(mirror(Path::new(&directory))), &feeder);
    let run = tracker
        .start_run(RunStart::new("to be killed").id(RUN))
        .unwrap();
    let mut out = std::io::stdout().lock();
    for step in 0..u64::MAX {
        // Lines of different lengths, some longer than a page.
        let name = "m".repeat(1 + (step as usize * 7919) % 6000);
        run.log_metrics(step, [(name, 0.1)]).unwrap();
        out.write_all(format!("taken {step}\n").as_bytes()).unwrap();
    }
}

/// A backend that outlives the process: a second directory of logs.
fn mirror(directory: &Path) -> Jsonl {
    Jsonl::new(directory.join("mirror")).unwrap()
}

/// Runs the child, kills it after a while, and gives the last step that it knew to be taken.
fn log_and_kill(directory: &Path, after: Duration) -> Option<u64> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::child_that_logs", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let lines = out.split(b'\n').map_while(Result::ok);
        let steps = lines.filter_map(|line| {
            let text = String::from_utf8(line).ok()?;
            text.strip_prefix("taken ")?.parse().ok()
        });
        steps.last()
    });
    let log = directory.join(RUN).join("events.jsonl");
    while !log.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    // A last line that was cut short is no acknowledgement; one digit less is an earlier step.
    reader.join().unwrap()
}

#[test]
fn what_was_taken_is_in_the_log_and_the_run_is_closed() {
    for round in 0..200_u64 {
        let directory = tempfile::tempdir().unwrap();
        // Every tenth lives long enough for several rounds of feeding.
        let longest = if round % 10 == 0 { 700_000 } else { 20_000 };
        let after = Duration::from_micros((round * 104_729) % longest);
        let last = log_and_kill(directory.path(), after);

        let tracker = Jsonl::new(directory.path()).unwrap();
        let closed = tracker.close_vanished().unwrap();
        let log = tracker.log_of(RUN);
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        if events.is_empty() {
            assert_eq!(last, None, "round {round}");
            continue;
        }
        assert_eq!(closed.len(), 1, "round {round}");
        assert_eq!(tracker.close_vanished().unwrap(), [], "closed once");
        for (seq, event) in (0..).zip(&events) {
            assert_eq!(event.seq, seq, "round {round}: no gap");
        }
        let steps: Vec<u64> = events
            .iter()
            .filter_map(|event| match event.kind {
                EventKind::Log { step, .. } => Some(step),
                _ => None,
            })
            .collect();
        assert!(
            last.is_none_or(|last| steps.last() >= Some(&last)),
            "round {round}: {last:?}"
        );
        let Some(EventKind::Finish { status, .. }) = events.last().map(|event| &event.kind) else {
            panic!("round {round}: the run has no end");
        };
        assert_eq!(*status, RunStatus::Killed);

        // The backend gets each event once, whatever the killed process had sent and noted.
        let mirror = mirror(directory.path());
        sync_run(&log, Arc::new(mirror.clone())).unwrap();
        let again = sync_run(&log, Arc::new(mirror.clone())).unwrap();
        assert_eq!(again.sent, 0, "round {round}");
        let mirrored = LogReader::open(mirror.log_of(RUN), 0).unwrap().rest();
        assert!(mirrored.unwrap() == events, "round {round}");
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
