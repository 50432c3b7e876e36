//! A disk that is full: `RLIMIT_FSIZE` refuses writes as it does, without a file system of one's own.

use std::{env, process::Command, sync::Arc};

use protea_tracking::{
    EventKind, Jsonl, LogFirst, Memory, OnLogError, RunStart, RunStatus, Tracker, TrackerError,
    log::LogReader,
};

const DIRECTORY: &str = "PROTEA_TEST_FULL_DISK";
const POLICY: &str = "PROTEA_TEST_FULL_DISK_POLICY";

/// The process whose files may not grow beyond so many blocks. Says how many events were taken.
#[test]
fn child_on_a_full_disk() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let goes_on = env::var_os(POLICY).is_some();
    let policy = if goes_on {
        OnLogError::Continue
    } else {
        OnLogError::Fail
    };
    let log = Jsonl::new(directory).unwrap().on_error(policy);
    let run = log.start_run(RunStart::new("full").id("full")).unwrap();
    let mut steps = 0..10_000;
    let error = steps.find_map(|step| {
        let error = run.log_metrics(step, [("loss", 0.5)]).err()?;
        Some((step, error))
    });
    if goes_on {
        assert!(error.is_none(), "{error:?}");
        return;
    }
    let Some((taken, TrackerError::File { path, source, .. })) = error else {
        panic!("the full disk is not said: {error:?}");
    };
    assert!(path.ends_with("full/events.jsonl"), "{}", path.display());
    assert!(source.raw_os_error().is_some(), "{source}");
    println!("\ntaken: {taken}");
}

/// Gives how many events were taken, where the process says so.
fn on_a_full_disk(directory: &std::path::Path, blocks: u32, goes_on: bool) -> Option<usize> {
    let mut shell = Command::new("sh");
    // The signal of the limit is ignored, so that the write fails as on a full disk.
    shell
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f $1; exec \"$0\" --nocapture --exact full_disk::child_on_a_full_disk",
        ])
        .arg(env::current_exe().unwrap())
        .arg(blocks.to_string())
        .env(DIRECTORY, directory);
    if goes_on {
        shell.env(POLICY, "1");
    }
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let taken = said.lines().find_map(|line| line.strip_prefix("taken: "));
    taken.map(|taken| taken.parse().unwrap())
}

#[test]
fn the_error_is_typed_and_the_log_intact() {
    // With less than the tail of the log wants, and with room for it and a bit more.
    for (blocks, goes_on) in [(8, false), (8, true), (200, false), (200, true)] {
        let directory = tempfile::tempdir().unwrap();
        let taken = on_a_full_disk(directory.path(), blocks, goes_on);
        assert_eq!(taken.is_some(), !goes_on);
        let tracker = Jsonl::new(directory.path()).unwrap();
        let log = tracker.log_of("full");
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(text.ends_with("}\n"), "the last line is whole");
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        assert!(events.len() > 20, "{}", events.len());
        // The first event is the start of the run.
        assert!(
            taken.is_none_or(|taken| events.len() == taken + 1),
            "{taken:?}"
        );

        // With room again, the next command closes the run, and a backend gets what is there.
        let closed = tracker.close_vanished().unwrap();
        assert_eq!(closed.len(), 1, "goes on: {goes_on}");
        let repaired = std::fs::read_to_string(&log).unwrap();
        assert_eq!(repaired.lines().count(), events.len() + 1);
        assert!(!log.with_extension("tail").exists());
        let backend = Memory::default();
        let sent = protea_tracking::sync_run(&log, Arc::new(backend.clone())).unwrap();
        assert_eq!(sent.sent, events.len() as u64 + 1);
        assert!(matches!(
            backend.runs()[0].events.last().map(|event| &event.kind),
            Some(EventKind::Finish {
                status: RunStatus::Killed,
                ..
            })
        ));
    }
}

/// A disk that is full from the beginning starts no run.
#[test]
fn a_run_that_cannot_be_logged_does_not_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("full"), "in the way").unwrap();
    let tracker = LogFirst::new(
        Jsonl::new(directory.path())
            .unwrap()
            .on_error(OnLogError::Continue),
    );
    let error = tracker
        .start_run(RunStart::new("full").id("full"))
        .unwrap_err();
    assert!(matches!(error, TrackerError::File { .. }), "{error}");
}
