//! Records of runs: in the event log, in trackers, in jobs.

mod experiment;
mod jobs;
mod mlflow;
mod refusals;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The events of every run below a workspace, by run, in the order of their start.
fn logs(workspace: &Path) -> Vec<Vec<Value>> {
    let mut logs: Vec<PathBuf> = Vec::new();
    for job in fs::read_dir(workspace.join("workspace")).unwrap() {
        let directory = job.unwrap().path().join("tracker_log");
        let Ok(runs) = fs::read_dir(directory) else {
            continue;
        };
        logs.extend(runs.map(|run| run.unwrap().path().join("events.jsonl")));
    }
    let mut logs: Vec<Vec<Value>> = logs
        .iter()
        .map(|log| {
            let text = fs::read_to_string(log).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        })
        .collect();
    logs.sort_by_key(|events| events[0]["time"].to_string());
    logs
}
