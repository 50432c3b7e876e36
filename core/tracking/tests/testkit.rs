//! The adapters that need no other program pass the tests of the test kit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use protea_tracking::{
    EventKind, Feeder, Jsonl, LogFirst, Memory, Noop, RunStart, Tracker, log::LogReader,
    testkit::TrackerSuite,
};

fn points_of_log(log: PathBuf, metric: &str) -> Vec<(u64, f64)> {
    let events = LogReader::open(log, 0).unwrap().rest().unwrap();
    let points = events.into_iter().filter_map(|event| match event.kind {
        EventKind::Log { step, metrics } => {
            let value = metrics.into_iter().find(|value| value.name == metric)?;
            Some((step, value.value))
        }
        _ => None,
    });
    points.collect()
}

#[test]
fn noop() {
    TrackerSuite::new(|_| Arc::new(Noop)).without_lists().run();
}

/// One memory per directory, like a server.
fn memories() -> impl Fn(&std::path::Path) -> Memory {
    let memories: Mutex<HashMap<PathBuf, Memory>> = Mutex::default();
    move |directory| {
        let mut memories = memories.lock().unwrap();
        memories.entry(directory.to_owned()).or_default().clone()
    }
}

#[test]
fn memory() {
    let memories = Arc::new(memories());
    let current: Arc<Mutex<Memory>> = Arc::default();
    let made = Arc::clone(&current);
    TrackerSuite::new(move |directory| {
        let memory = memories(directory);
        *made.lock().unwrap() = memory.clone();
        Arc::new(memory)
    })
    .with_point_reader(move |_, start, metric| {
        points_of_memory(&current.lock().unwrap(), start, metric)
    })
    .run();
}

fn points_of_memory(memory: &Memory, start: &RunStart, metric: &str) -> Vec<(u64, f64)> {
    let runs = memory.runs();
    let run = runs
        .iter()
        .find(|run| run.start.run_id == start.run_id)
        .unwrap();
    let points = run.events.iter().filter_map(|event| match &event.kind {
        EventKind::Log { step, metrics } => {
            let value = metrics.iter().find(|value| value.name == metric)?;
            Some((*step, value.value))
        }
        _ => None,
    });
    points.collect()
}

#[test]
fn jsonl() {
    let current: Arc<Mutex<PathBuf>> = Arc::default();
    let made = Arc::clone(&current);
    TrackerSuite::new(move |directory| {
        directory.clone_into(&mut made.lock().unwrap());
        Arc::new(Jsonl::new(directory).unwrap())
    })
    .with_point_reader(move |_, start, metric| {
        let log = Jsonl::new(&*current.lock().unwrap())
            .unwrap()
            .log_path(&start.run_id);
        points_of_log(log, metric)
    })
    .run();
}

/// A backend that is fed from the log gets what was logged.
#[test]
fn log_first() {
    let memories = Arc::new(memories());
    let current: Arc<Mutex<Option<(Memory, Feeder)>>> = Arc::default();
    let made = Arc::clone(&current);
    TrackerSuite::new(move |directory| {
        let (memory, feeder) = (memories(directory), Feeder::new());
        let log = Jsonl::new(directory.join("tracker_log")).unwrap();
        let tracker = LogFirst::new(log).with_backend(Arc::new(memory.clone()), &feeder);
        *made.lock().unwrap() = Some((memory, feeder));
        Arc::new(tracker) as Arc<dyn Tracker>
    })
    .with_point_reader(move |_, start, metric| {
        let (memory, feeder) = current.lock().unwrap().clone().unwrap();
        // The limit only ends a test that would never end.
        assert_eq!(feeder.wait(Duration::from_secs(600)), []);
        points_of_memory(&memory, start, metric)
    })
    .run();
}
