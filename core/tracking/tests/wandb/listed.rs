//! The tracker's own list of runs, and what it refuses.

use std::fs;

use protea_tracking::{GroupFilter, RunQuery, RunStart, RunStatus, Tracker, TrackerError, Wandb};
use serde_json::json;

use crate::events::{events, everything, feed, finish, run_directory, start};

#[test]
fn a_run_is_listed_with_its_tags_and_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    let tracker = Wandb::new(directory).unwrap().with_entity("team");
    feed(directory, &events[..5]);
    let listed = tracker.list_runs(&RunQuery::default()).unwrap().runs;
    assert_eq!(listed[0].status, RunStatus::Running);
    assert_eq!(listed[0].tags["model"], "old");
    assert_eq!(listed[0].finished, None);

    feed(directory, &events);
    let query = RunQuery {
        project: Some("cafa".to_owned()),
        group: Some(GroupFilter::Prefix("H012/".to_owned())),
        ..RunQuery::default()
    };
    let listed = tracker.list_runs(&query).unwrap().runs;
    assert_eq!(listed.len(), 1);
    let run = &listed[0];
    assert_eq!(run.run_id, start().run_id);
    assert_eq!(run.name, "knn on A");
    assert_eq!(run.status, RunStatus::Finished);
    assert_eq!(run.started, start().started);
    assert_eq!(run.finished, Some(events.last().unwrap().time));
    assert_eq!(run.parent.as_deref(), Some("parent-run"));
    assert_eq!(run.tags["dataset"], "A");
    assert_eq!(run.tags["model"], "new");
    let id = tracker.open_run(&start()).unwrap().reference();
    assert_eq!(run.url, id.url);
    assert_eq!(
        id.url.unwrap(),
        format!("https://wandb.ai/team/cafa/runs/{}", id.run_id)
    );
}

#[test]
fn the_directory_name_has_start_and_id() {
    let directory = tempfile::tempdir().unwrap();
    let name = run_directory(directory.path());
    let name = name.file_name().unwrap().to_str().unwrap();
    let id = name.strip_prefix("offline-run-20261121_084949-").unwrap();
    assert_eq!(id.len(), 12);
    assert!(
        id.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
}

#[test]
fn a_run_is_identified_by_its_id_alone() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Wandb::new(directory.path()).unwrap();
    feed(directory.path(), &events(vec![]));
    let mut later = start();
    later.started = "2026-11-21T10:00:00Z".parse().unwrap();
    assert_eq!(
        tracker.run_directory(&later),
        tracker.run_directory(&start())
    );
    assert_eq!(tracker.open_run(&later).unwrap().applied(), Some(0));
    later.run_id = format!("{}x", later.run_id).into();
    assert_ne!(
        tracker.run_directory(&later),
        tracker.run_directory(&start())
    );
}

#[test]
fn killed_and_failed_runs_are_distinguished() {
    for status in [RunStatus::Killed, RunStatus::Failed] {
        let directory = tempfile::tempdir().unwrap();
        feed(
            directory.path(),
            &events(vec![finish(status, Some("no reason"))]),
        );
        let tracker = Wandb::new(directory.path()).unwrap();
        let listed = tracker.list_runs(&RunQuery::default()).unwrap().runs;
        assert_eq!(listed[0].status, status);
    }
}

#[test]
fn names_that_wandb_refuses_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Wandb::new(directory.path()).unwrap();
    let refused = tracker
        .open_run(&RunStart::new("knn").with_project("a/b"))
        .err()
        .unwrap();
    assert!(
        matches!(
            refused,
            TrackerError::Name {
                what: "project",
                ..
            }
        ),
        "{refused}"
    );
    let own = RunStart::new("knn").with_config("protea_run", json!({}));
    let refused = tracker.open_run(&own).err().unwrap();
    assert!(matches!(refused, TrackerError::Refused { .. }), "{refused}");
}

#[test]
fn a_missing_artefact_is_refused_and_the_run_continues() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    fs::remove_dir_all(directory.join("artefacts/predictions")).unwrap();
    let tracker = Wandb::new(directory).unwrap();
    let mut sink = tracker.open_run(&start()).unwrap();
    let refused = sink.apply(&events).unwrap_err();
    assert!(refused.to_string().contains("\"predictions\""), "{refused}");
    assert_eq!(sink.applied(), Some(8));
    sink.apply(&events[10..]).unwrap();
    assert_eq!(sink.applied(), Some(13));
}

#[test]
fn two_processes_do_not_write_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = Wandb::new(directory.path()).unwrap();
    let sink = tracker.open_run(&start()).unwrap();
    let busy = tracker.open_run(&start()).err().unwrap();
    assert!(matches!(busy, TrackerError::Busy { .. }), "{busy}");
    drop(sink);
    assert!(tracker.open_run(&start()).is_ok());
}
