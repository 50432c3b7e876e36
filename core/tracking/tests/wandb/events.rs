//! A run with everything that can happen in one.

use std::{borrow::Cow, fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use protea_tracking::{
    Artifact, Event, EventKind, Metric, RunStart, RunStatus, Tags, Tracker, Wandb,
};
use serde_json::json;

pub fn start() -> RunStart {
    let mut start = RunStart::new("knn on A")
        .id("20261121T084949Z-0a1b2c3d")
        .project("cafa")
        .group("H012/E018/full")
        .kind("evaluation")
        .notes("with ties")
        .tag("dataset", "A")
        .tag("model", "old")
        .config("k", 5)
        .config("embedding", json!({ "name": "esm", "layers": [1, 33] }))
        .nested("parent-run");
    start.started = "2026-11-21T08:49:49.25Z".parse().unwrap();
    start
}

/// The events of a run, without artefacts.
pub fn events(kinds: Vec<EventKind<'static>>) -> Vec<Event<'static>> {
    let started: Timestamp = start().started;
    let first = EventKind::InitRun(Box::new(start()));
    std::iter::once(first)
        .chain(kinds)
        .zip(0..)
        .map(|(kind, seq)| Event {
            seq,
            time: started + SignedDuration::from_millis(125 * seq as i64),
            kind,
        })
        .collect()
}

pub fn log(step: u64, metrics: &[(&'static str, f64)]) -> EventKind<'static> {
    EventKind::Log {
        step,
        metrics: metrics
            .iter()
            .map(|&(name, value)| Metric {
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

/// A run with everything; its artefacts are below `files`.
pub fn everything(files: &Path) -> Vec<Event<'static>> {
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
        // An earlier step, then back.
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
pub fn feed(directory: &Path, events: &[Event<'_>]) {
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
