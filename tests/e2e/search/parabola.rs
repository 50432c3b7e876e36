//! A runner whose best settings are known, and the records of its runs.

use std::fs;

use protea_core::{
    Catalog, Isolation, Runner, SearchPath, Workspace,
    workspace::{RUN_MANIFEST, RunManifest},
};
use protea_e2e::{Place, compile_c};
use serde_json::Value;

const SOURCE: &str = "tests/e2e/c/parabola.c";

/// The runner with a directory of its own.
pub struct Parabola {
    pub place: Place,
    pub runner: Runner,
}

impl Parabola {
    pub fn new() -> Self {
        let place = Place::new();
        let directory = place.runner_directory("runners", &[]);
        compile_c(SOURCE, "parabola", &directory, &[]);
        let catalog = Catalog::scan(&SearchPath::empty().with(&directory));
        let runner =
            Runner::load(&catalog.find("parabola").unwrap(), &Isolation::InProcess).unwrap();
        Self { place, runner }
    }
}

/// The manifests of the runs of a pipeline. A directory without one belongs to a run that was killed
/// before it began.
pub fn manifests(workspace: &Workspace, pipeline: &str) -> Vec<RunManifest> {
    let mut found = Vec::new();
    for job in workspace.job_directories().unwrap() {
        let runs = fs::read_dir(job.join("artifacts").join(pipeline));
        for run in runs.into_iter().flatten() {
            let run = run.unwrap().path();
            if run.join(RUN_MANIFEST).exists() {
                found.push(RunManifest::read(&run).unwrap());
            }
        }
    }
    found
}

/// The event log of a run.
pub fn events(workspace: &Workspace, run_id: &str) -> Vec<Value> {
    let jobs = workspace.job_directories().unwrap();
    let logs = jobs
        .iter()
        .map(|job| job.join("tracker_log").join(run_id).join("events.jsonl"));
    let log = logs.into_iter().find(|log| log.is_file()).unwrap();
    let text = fs::read_to_string(log).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
