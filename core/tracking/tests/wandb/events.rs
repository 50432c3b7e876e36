//! A run with events of all kinds.

use std::{borrow::Cow, fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use protea_tracking::{
    Artifact, EventKind, MetricPoint, RunEvent, RunStart, RunStatus, Tags, Tracker, Wandb,
};
use serde_json::json;

pub fn start() -> RunStart {
    let mut start = RunStart::new("knn on A")
        .with_id("20261121T084949Z-0a1b2c3d")
        .with_project("cafa")
        .with_group("H012/E018/full")
        .with_kind("evaluation")
        .with_notes("with ties")
        .with_tag("dataset", "A")
        .with_tag("model", "old")
        .with_config("k", 5)
        .with_config("embedding", json!({ "name": "esm", "layers": [1, 33] }))
        .with_parent("parent-run");
    start.started = "2026-11-21T08:49:49.25Z".parse().unwrap();
    start
}

/// The events of a run, without artefacts.
pub fn events(kinds: Vec<EventKind<'static>>) -> Vec<RunEvent<'static>> {
    let started: Timestamp = start().started;
    let first = EventKind::InitRun(Box::new(start()));
    std::iter::once(first)
        .chain(kinds)
        .zip(0..)
        .map(|(kind, seq)| {
            RunEvent::new(
                seq,
                started + SignedDuration::from_millis(125 * seq as i64),
                kind,
            )
        })
        .collect()
}

pub fn log(step: u64, metrics: &[(&'static str, f64)]) -> EventKind<'static> {
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

pub fn tags(name: &str, value: &str) -> EventKind<'static> {
    EventKind::SetTags {
        tags: Tags::from([(name.to_owned(), value.to_owned())]),
    }
}

pub fn finish(status: RunStatus, error: Option<&str>) -> EventKind<'static> {
    EventKind::Finish {
        status,
        error: error.map(str::to_owned),
    }
}

/// Events of all kinds. The artefacts are in the directory `files`.
pub fn everything(files: &Path) -> Vec<RunEvent<'static>> {
    fs::create_dir_all(files.join("predictions/by aspect")).unwrap();
    fs::write(files.join("predictions/all.tsv"), "P1\tGO:1\t0.5\n").unwrap();
    fs::write(files.join("predictions/by aspect/mfo.tsv"), "P1\n").unwrap();
    fs::write(files.join("model.json"), "{\"k\":5}").unwrap();
    let artifact = |path: &str, name: &str| Artifact {
        path: files.join(path),
        name: name.to_owned(),
    };
    let params = json!({ "k": 7, "embedding": { "dtype": "f16" } });
    events(vec![
        log(0, &[("MFO/fmax", 0.5), ("loss", f64::NAN)]),
        log(0, &[("BPO/fmax", 0.25)]),
        log(1, &[("loss", f64::INFINITY)]),
        EventKind::LogParams {
            params: params.as_object().unwrap().clone(),
        },
        log(7, &[("loss", f64::NEG_INFINITY), ("MFO/fmax", 1e-7)]),
        log(7, &[("loss", 3.0)]),
        // A step before the last one, then a later one again.
        log(2, &[("val/loss", 0.125)]),
        tags("model", "new"),
        EventKind::LogArtifact(artifact("predictions", "predictions")),
        log(8, &[("loss", 2.5)]),
        EventKind::LogModel(artifact("model.json", "export/model.json")),
        log(20, &[("loss", 1.5)]),
        finish(RunStatus::Finished, None),
    ])
}

/// Feeds events to the run in `directory`, all at once.
pub fn feed(directory: &Path, events: &[RunEvent<'_>]) {
    let tracker = Wandb::new(directory).unwrap();
    let mut sink = tracker.open_run(&start()).unwrap();
    sink.apply(events).unwrap();
}

/// The run's directory below `directory`.
pub fn run_directory(directory: &Path) -> std::path::PathBuf {
    Wandb::new(directory).unwrap().run_directory(&start())
}

/// The run's file below `directory`.
pub fn run_file(directory: &Path) -> std::path::PathBuf {
    let directory = run_directory(directory);
    let name = directory.file_name().unwrap().to_str().unwrap();
    let id = name.rsplit('-').next().unwrap();
    directory.join(format!("run-{id}.wandb"))
}
