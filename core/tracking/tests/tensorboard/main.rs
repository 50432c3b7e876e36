//! TensorBoard's event files: read by its own reader, and after interruptions.

#![cfg(feature = "tensorboard")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod interrupted;
mod official;

use std::{borrow::Cow, path::Path, sync::Arc};

use jiff::SignedDuration;
use protea_tracking::{
    Artifact, EventKind, MetricPoint, RunEvent, RunStart, RunStatus, Tags, TensorBoard, Tracker,
    TrackerError, testkit::TrackerSuite,
};
use serde_json::json;

fn start() -> RunStart {
    let mut start = RunStart::new("knn on A")
        .with_id("20261121T084949Z-0a1b2c3d")
        .with_project("cafa")
        .with_notes("*with* ties")
        .with_tag("dataset", "A")
        .with_config("k", 5)
        .with_config("ties", true)
        .with_config("embedding", json!({ "name": "a|b", "layers": [1, 33] }));
    start.started = "2026-11-21T08:49:49.25Z".parse().unwrap();
    start
}

fn log(step: u64, metrics: &[(&'static str, f64)]) -> EventKind<'static> {
    EventKind::Log {
        step,
        metrics: metrics
            .iter()
            .map(|&(name, value)| MetricPoint {
                name: Cow::Borrowed(name),
                value,
            })
            .collect(),
    }
}

/// The events of a run, an eighth of a second apart.
fn events(kinds: Vec<EventKind<'static>>) -> Vec<RunEvent<'static>> {
    let first = EventKind::InitRun(Box::new(start()));
    std::iter::once(first)
        .chain(kinds)
        .zip(0..)
        .map(|(kind, seq)| {
            RunEvent::new(
                seq,
                start().started + SignedDuration::from_millis(125 * seq as i64),
                kind,
            )
        })
        .collect()
}

fn everything() -> Vec<RunEvent<'static>> {
    let params = json!({ "metric": "cosine" });
    events(vec![
        log(0, &[("MFO/fmax", 0.5), ("loss", f64::NAN)]),
        log(0, &[("BPO/fmax", 0.0)]),
        log(7, &[("loss", f64::INFINITY)]),
        log(2, &[("loss", f64::NEG_INFINITY), ("MFO/fmax", 0.1)]),
        EventKind::LogParams {
            params: params.as_object().unwrap().clone(),
        },
        EventKind::SetTags {
            tags: Tags::from([("dataset".to_owned(), "B".to_owned())]),
        },
        EventKind::LogArtifact(Artifact {
            path: "/data/predictions".into(),
            name: "predictions".to_owned(),
        }),
        log(7, &[("loss", 2.5)]),
        EventKind::Finish {
            status: RunStatus::Failed,
            error: Some("no neighbours".to_owned()),
        },
    ])
}

/// Feeds events to the run in `directory`, all at once.
fn feed(directory: &Path, events: &[RunEvent<'_>]) {
    let tracker = TensorBoard::new(directory).unwrap();
    let mut sink = tracker.open_run(&start()).unwrap();
    sink.apply(events).unwrap();
}

#[test]
fn passes_the_test_kit() {
    TrackerSuite::new(|directory| Arc::new(TensorBoard::new(directory).unwrap())).run();
}

#[test]
fn two_processes_do_not_write_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = TensorBoard::new(directory.path()).unwrap();
    let sink = tracker.open_run(&start()).unwrap();
    let busy = tracker.open_run(&start()).err().unwrap();
    assert!(matches!(busy, TrackerError::Busy { .. }), "{busy}");
    drop(sink);
    assert!(tracker.open_run(&start()).is_ok());
}

#[test]
fn a_run_is_identified_by_its_id_alone() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = TensorBoard::new(directory.path()).unwrap();
    feed(directory.path(), &events(vec![]));
    let mut later = start();
    later.started = "2026-11-21T10:00:00Z".parse().unwrap();
    assert_eq!(tracker.open_run(&later).unwrap().applied(), Some(0));
}
