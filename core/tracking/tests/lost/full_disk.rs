//! A full disk. `RLIMIT_FSIZE` makes writes fail in the same way, without a file system for the
//! test.

use std::{env, process::Command, sync::Arc};

use protea_tracking::{
    EventKind, Jsonl, LogFirst, Memory, OnLogError, RunStart, RunStatus, Tracker, TrackerError,
    log::LogReader,
};

const DIRECTORY: &str = "PROTEA_TEST_FULL_DISK";
const POLICY: &str = "PROTEA_TEST_FULL_DISK_POLICY";

/// The child process, with a limit on the size of its files. Prints how many events were logged.
#[test]
fn child_on_a_full_disk() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let continues = env::var_os(POLICY).is_some();
    let policy = if continues {
        OnLogError::Continue
    } else {
        OnLogError::Fail
    };
    let log = Jsonl::new(directory).unwrap().with_on_error(policy);
    let run = log
        .start_run(RunStart::new("full").with_id("full"))
        .unwrap();
    let mut steps = 0..10_000;
    let error = steps.find_map(|step| {
        let error = run.log_metrics(step, [("loss", 0.5)]).err()?;
        Some((step, error))
    });
    if continues {
        assert!(error.is_none(), "{error:?}");
        return;
    }
    let Some((logged, TrackerError::NoSpace { path, source })) = error else {
        panic!("the full disk is not reported: {error:?}");
    };
    assert!(path.ends_with("full/events.jsonl"), "{}", path.display());
    assert!(source.raw_os_error().is_some(), "{source}");
    println!("\nlogged: {logged}");
}

/// Runs the child with a limit in blocks of 512 or 1024 bytes. Returns how many events it logged
/// before the error; none if it continued.
fn on_a_full_disk(directory: &std::path::Path, blocks: u32, continues: bool) -> Option<usize> {
    let mut shell = Command::new("sh");
    // The signal of the limit is ignored, so that the write fails instead.
    shell
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f $1; exec \"$0\" --nocapture --exact full_disk::child_on_a_full_disk",
        ])
        .arg(env::current_exe().unwrap())
        .arg(blocks.to_string())
        .env(DIRECTORY, directory);
    if continues {
        shell.env(POLICY, "1");
    }
    let output = shell.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    let logged = stdout
        .lines()
        .find_map(|line| line.strip_prefix("logged: "));
    logged.map(|logged| logged.parse().unwrap())
}

#[test]
fn the_error_is_no_space_and_the_log_is_intact() {
    for (blocks, continues) in [(8, false), (8, true), (200, false), (200, true)] {
        let directory = tempfile::tempdir().unwrap();
        let logged = on_a_full_disk(directory.path(), blocks, continues);
        assert_eq!(logged.is_some(), !continues);
        let tracker = Jsonl::new(directory.path()).unwrap();
        let log = tracker.log_path(&"full".into());
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(text.ends_with("}\n"), "the last line is complete");
        let events = LogReader::open(&log, 0).unwrap().rest().unwrap();
        assert!(events.len() > 20, "{}", events.len());
        // The first event is the start of the run.
        assert!(
            logged.is_none_or(|logged| events.len() == logged + 1),
            "{logged:?}"
        );

        // Once there is space again, the run can be closed and sent to a backend.
        let closed = tracker.close_vanished().unwrap();
        assert_eq!(closed.len(), 1, "continues: {continues}");
        let repaired = std::fs::read_to_string(&log).unwrap();
        assert_eq!(repaired.lines().count(), events.len() + 1);
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

/// On a disk that is full from the beginning, a run does not start.
#[test]
fn a_run_that_cannot_be_logged_does_not_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("full"),
        "a file instead of a directory",
    )
    .unwrap();
    let tracker = LogFirst::new(
        Jsonl::new(directory.path())
            .unwrap()
            .with_on_error(OnLogError::Continue),
    );
    let error = tracker
        .start_run(RunStart::new("full").with_id("full"))
        .unwrap_err();
    assert!(matches!(error, TrackerError::Write { .. }), "{error}");
}
