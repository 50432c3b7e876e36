//! Finding runs, and runs that are not uploaded.

use std::{fs, path::Path, time::Duration};

use protea_tracking::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, Tracker, TrackerError, Wandb,
    find_offline_runs, sync_offline_runs,
};

use crate::events::{everything, feed, run_directory, run_file, start};

/// Longer than a test takes on any machine.
const LONG_AGO: Duration = Duration::from_secs(86_400);

fn dry_run(runs: &[OfflineRun], quiet: Duration) -> SyncReport {
    let options = SyncOptions {
        dry_run: true,
        quiet,
        // A dry run works without the client.
        program: Some("/nowhere/wandb".into()),
        ..SyncOptions::default()
    };
    sync_offline_runs(runs, &options).unwrap().remove(0)
}

#[test]
fn offline_runs_are_found_once_at_any_depth() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for job in ["workspace/0a", "workspace/0b/deeper/still"] {
        let events = everything(&root.join("artefacts"));
        feed(&root.join(job), &events);
    }
    let pipe = root.join("workspace/offline-run-20261121_084949-pipe");
    fs::create_dir_all(&pipe).unwrap();
    #[cfg(unix)]
    {
        let pipe = pipe.join("run-pipe.wandb");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
    }
    fs::write(
        run_file(&root.join("workspace/0b/deeper/still")).with_extension("wandb.synced"),
        "",
    )
    .unwrap();
    fs::create_dir_all(root.join("wandb/offline-run-20261121_084949-empty")).unwrap();
    fs::create_dir_all(root.join(".hidden")).unwrap();
    fs::rename(root.join("artefacts"), root.join(".hidden/artefacts")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root, root.join("workspace/loop")).unwrap();
        std::os::unix::fs::symlink(root.join("workspace/0a"), root.join("again")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("dangling")).unwrap();
    }
    let runs = find_offline_runs(root).unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let found = fs::canonicalize(&runs[0].directory).unwrap();
    let run = run_directory(&root.join("workspace/0a"));
    assert_eq!(found, fs::canonicalize(&run).unwrap());
    assert!(runs[0].directory.to_str().unwrap().ends_with(&runs[0].id));
    // `root` itself can be a link.
    #[cfg(unix)]
    assert_eq!(find_offline_runs(root.join("again")).unwrap().len(), 1);
    // `root` can be the directory of a run.
    assert_eq!(find_offline_runs(&run).unwrap()[0].directory, run);
    let missing = find_offline_runs(root.join("missing")).unwrap_err();
    assert!(matches!(missing, TrackerError::Read { .. }), "{missing}");
}

#[test]
fn a_run_that_is_being_recorded_is_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    let tracker = Wandb::new(directory).unwrap();
    let mut sink = tracker.open_run(&start()).unwrap();
    sink.apply(&events[..4]).unwrap();
    let runs = find_offline_runs(directory).unwrap();
    let report = dry_run(&runs, Duration::ZERO);
    assert_eq!(report.outcome, SyncOutcome::Skipped);
    assert!(
        report.message.contains("being recorded"),
        "{}",
        report.message
    );

    // Nobody has it open, but it has no end and has just changed.
    drop(sink);
    let report = dry_run(&runs, LONG_AGO);
    assert_eq!(report.outcome, SyncOutcome::Skipped);
    assert!(
        report.message.contains("may still be recorded"),
        "{}",
        report.message
    );
    let report = dry_run(&runs, Duration::ZERO);
    assert_eq!(report.outcome, SyncOutcome::WouldSync);
    assert!(
        report.message.contains("shows it as failed"),
        "{}",
        report.message
    );

    feed(directory, &events);
    let report = dry_run(&runs, LONG_AGO);
    assert_eq!(report.outcome, SyncOutcome::WouldSync);
    assert_eq!(report.message, "would be uploaded");
    assert!(report.ok);
}

#[test]
fn a_file_of_another_format_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let run = directory
        .path()
        .join("wandb/offline-run-20261121_084949-abc");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("run-abc.wandb"), "something else").unwrap();
    let runs = find_offline_runs(directory.path()).unwrap();
    let report = dry_run(&runs, Duration::ZERO);
    assert_eq!(report.outcome, SyncOutcome::Failed);
    assert!(report.message.contains("W&B"), "{}", report.message);
}

#[test]
fn a_removed_run_does_not_stop_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let mut runs = find_offline_runs(directory).unwrap();
    let mut gone = runs[0].clone();
    gone.file = directory.join("gone.wandb");
    runs.insert(0, gone);
    let options = SyncOptions {
        dry_run: true,
        ..SyncOptions::default()
    };
    let reports = sync_offline_runs(&runs, &options).unwrap();
    assert_eq!(reports[0].outcome, SyncOutcome::Failed);
    assert!(
        reports[0].message.contains("gone.wandb"),
        "{}",
        reports[0].message
    );
    assert_eq!(reports[1].outcome, SyncOutcome::WouldSync);
}

#[test]
fn without_the_official_client_the_remedy_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let runs = find_offline_runs(directory).unwrap();
    let options = SyncOptions {
        program: Some(Path::new("/nowhere/wandb").to_owned()),
        ..SyncOptions::default()
    };
    let missing = sync_offline_runs(&runs, &options).unwrap_err();
    assert!(matches!(missing, TrackerError::TrackerInit { .. }));
    assert!(
        missing.to_string().contains("pip install wandb"),
        "{missing}"
    );
}
