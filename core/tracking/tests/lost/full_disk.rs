//! A disk that is full: `RLIMIT_FSIZE` refuses writes as it does, without a file system of one's own.

use std::{env, process::Command, sync::Arc};

use protea_tracking::{
    EventKind, Jsonl, LogFirst, Memory, OnLogError, RunStart, RunStatus, Tracker, TrackerError,
    log::LogReader,
};

const DIRECTORY: &str = "PROTEA_TEST_FULL_DISK";
const POLICY: &str = "PROTEA_TEST_FULL_DISK_POLICY";

/// The process whose files may not grow beyond 8 blocks.
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
    let error = (0..10_000).find_map(|step| run.log_metrics(step, [("loss", 0.5)]).err());
    if goes_on {
        assert!(error.is_none(), "{error:?}");
        return;
    }
    let Some(TrackerError::File { path, source, .. }) = error else {
        panic!("the full disk is not said: {error:?}");
    };
    assert!(path.ends_with("full/events.jsonl"), "{}", path.display());
    assert!(source.raw_os_error().is_some(), "{source}");
}

fn on_a_full_disk(directory: &std::path::Path, goes_on: bool) {
    let mut shell = Command::new("sh");
    // The signal of the limit is ignored, so that the write fails as on a full disk.
    shell
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact full_disk::child_on_a_full_disk",
        ])
        .arg(env::current_exe().unwrap())
        .env(DIRECTORY, directory);
    if goes_on {
        shell.env(POLICY, "1");
    }
    let output = shell.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn the_error_is_typed_and_the_log_intact() {
    for goes_on in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        on_a_full_disk(directory.path(), goes_on);
        let tracker = Jsonl::new(directory.path()).unwrap();
        let log = tracker.log_of("full");
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(text.ends_with("}\n"), "the last line is whole");
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        assert!(events.len() > 20, "{}", events.len());

        // With room again, the next command closes the run, and a backend gets what is there.
        let closed = tracker.close_vanished().unwrap();
        assert_eq!(closed.len(), 1, "goes on: {goes_on}");
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
