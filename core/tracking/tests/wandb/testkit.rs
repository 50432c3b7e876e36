//! The tests that every adapter must pass.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use protea_tracking::{Feeder, Jsonl, LogFirst, RunStart, Tracker, Wandb, testkit::TrackerSuite};
use serde_json::Value;

use crate::server::interpreter;

/// Reads points with the message types of the official client.
fn points(python: &Path, directory: &Path, start: &RunStart, metric: &str) -> Vec<(u64, f64)> {
    let run = Wandb::new(directory).unwrap().run_directory(start);
    let id = run.to_str().unwrap().rsplit('-').next().unwrap().to_owned();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wandb/read.py"))
        .arg(run.join(format!("run-{id}.wandb")))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let points = text.lines().filter_map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| row[name].as_str();
        let value = number(metric)?.parse().unwrap();
        Some((number("protea/step").unwrap().parse().unwrap(), value))
    });
    points.collect()
}

/// The directory and the feeder of the current test.
type Current = Option<(PathBuf, Option<Feeder>)>;

fn run(make: impl Fn(&Path) -> (Arc<dyn Tracker>, Option<Feeder>) + 'static) {
    let current: Arc<Mutex<Current>> = Arc::default();
    let made = Arc::clone(&current);
    let suite = TrackerSuite::new(move |directory| {
        let (tracker, feeder) = make(directory);
        *made.lock().unwrap() = Some((directory.to_owned(), feeder));
        tracker
    });
    let suite = match interpreter() {
        None => suite,
        Some(python) => suite.with_point_reader(move |_, start, metric| {
            let (directory, feeder) = current.lock().unwrap().clone().unwrap();
            if let Some(feeder) = feeder {
                // The limit only ends a test that would never end.
                assert_eq!(feeder.wait(Duration::from_secs(600)), []);
            }
            points(&python, &directory, start, metric)
        }),
    };
    suite.run();
}

#[test]
fn by_itself() {
    run(|directory| (Arc::new(Wandb::new(directory).unwrap()), None));
}

#[test]
fn fed_from_the_log() {
    run(|directory| {
        let feeder = Feeder::new();
        let log = Jsonl::new(directory.join("tracker_log")).unwrap();
        let wandb = Arc::new(Wandb::new(directory).unwrap());
        (
            Arc::new(LogFirst::new(log).with_backend(wandb, &feeder)),
            Some(feeder),
        )
    });
}
