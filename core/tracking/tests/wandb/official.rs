//! The official client uploads the files of the adapter to a server of the tests.

use std::{fs, path::Path, process::Command, time::Duration};

use protea_tracking::{
    RunStatus, SyncOutcome, SyncReport, TrackerError, find_offline_runs, sync_offline_runs,
};
use serde_json::{Value, json};

use crate::{
    events::{events, everything, feed, finish, log, run_directory, run_file, tags},
    server::{Server, client, interpreter},
};

/// Uploads the only run below `directory`.
fn sync(server: &Server, python: &Path, directory: &Path) -> SyncReport {
    let runs = find_offline_runs(directory).unwrap();
    let reports = sync_offline_runs(&runs, &server.options(python)).unwrap();
    assert_eq!(reports.len(), 1);
    reports.into_iter().next().unwrap()
}

pub fn uploaded(server: &Server, python: &Path, directory: &Path) -> SyncReport {
    let report = sync(server, python, directory);
    assert_eq!(report.outcome, SyncOutcome::Synced, "{}", report.message);
    report
}

/// The columns of a row that do not depend on the clock.
pub fn metrics(row: &Value) -> Value {
    let mut row = row.clone();
    let columns = row.as_object_mut().unwrap();
    columns.retain(|name, _| name != "_timestamp" && name != "_runtime");
    row
}

fn rows_of_everything() -> Vec<Value> {
    vec![
        json!({"_step": 0, "protea/step": 0, "MFO/fmax": 0.5, "BPO/fmax": 0.25, "loss": "NaN"}),
        json!({"_step": 1, "protea/step": 1, "loss": "Infinity"}),
        json!({"_step": 7, "protea/step": 7, "loss": "-Infinity", "MFO/fmax": 1e-7}),
        // A second value for a step. W&B would keep only one of them.
        json!({"_step": 8, "protea/step": 7, "loss": 3}),
        // A step before the last one, which W&B would drop.
        json!({"_step": 9, "protea/step": 2, "val/loss": 0.125}),
        json!({"_step": 10, "protea/step": 8, "loss": 2.5}),
        json!({"_step": 20, "protea/step": 20, "loss": 1.5}),
    ]
}

#[test]
fn a_run_is_uploaded_completely() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let server = Server::start(&python, directory, &[]);
    let report = uploaded(&server, &python, directory);
    assert!(report.ok);
    assert_eq!(report.path, run_directory(directory));
    assert_eq!(report.message, "uploaded");
    assert!(find_offline_runs(directory).unwrap().is_empty());

    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(history, rows_of_everything());
    let first = &server.history()[0];
    assert_eq!(
        first["_timestamp"],
        1_763_714_989.5 + (1_795_250_989.5 - 1_763_714_989.5)
    );
    assert_eq!(first["_runtime"], 0.25);

    let state = server.state();
    let run = &state["run"];
    assert_eq!(run["project"], "cafa");
    assert_eq!(run["groupName"], "H012/E018/full");
    assert_eq!(run["jobType"], "evaluation");
    assert_eq!(run["displayName"], "knn on A");
    assert_eq!(run["notes"], "with ties");
    assert_eq!(run["tags"], json!(["dataset:A", "model:new"]));
    let config = &run["config"];
    assert_eq!(config["k"], 7);
    assert_eq!(
        config["embedding"],
        json!({ "name": "esm", "layers": [1, 33], "dtype": "f16" })
    );
    assert_eq!(
        config["protea_run"],
        json!({
            "id": "20261121T084949Z-0a1b2c3d",
            "parent": "parent-run",
            "tags": { "dataset": "A", "model": "new" },
        })
    );
    // Charts over the logged step: `1` is the name, `5` the index of the axis, counted from 1.
    let definitions = config["_wandb"]["m"].as_array().unwrap();
    let axis = definitions
        .iter()
        .position(|metric| metric["1"] == "protea/step")
        .unwrap();
    for name in ["MFO/fmax", "BPO/fmax", "loss", "val/loss"] {
        let metric = definitions
            .iter()
            .find(|metric| metric["1"] == name)
            .unwrap();
        assert_eq!(metric["5"], axis + 1, "{name}");
    }

    let summary = &state["summary"];
    assert_eq!(summary["loss"], 1.5);
    assert_eq!(summary["MFO/fmax"], 1e-7);
    assert_eq!(summary["val/loss"], 0.125);
    assert_eq!(summary["_step"], 20);
    assert_eq!(summary["_wandb"]["runtime"], 1);
    assert_eq!(summary["protea_run"]["status"], "finished");
    assert_eq!(state["exitcode"], 0);
    assert_eq!(state["complete"], true);
}

#[test]
fn artefacts_and_models_arrive_with_their_files() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let artifacts = &server.state()["artifacts"];
    let predictions = &artifacts["predictions.json"];
    assert_eq!(predictions["artifactTypeName"], "artifact");
    assert_eq!(predictions["projectName"], "cafa");
    assert_eq!(
        artifacts["export-model.json.json"]["artifactTypeName"],
        "model"
    );
    assert_eq!(artifacts["all.tsv"], "P1\tGO:1\t0.5\n");
    assert_eq!(artifacts["by aspect/mfo.tsv"], "P1\n");
    assert_eq!(artifacts["model.json"], "{\"k\":5}");
    // The uploaded files are not moved.
    assert!(directory.join("artefacts/predictions/all.tsv").exists());

    // The digest of the official client.
    let script = "import sys, wandb\n\
                  artifact = wandb.Artifact('predictions', 'artifact')\n\
                  artifact.add_dir(sys.argv[1])\n\
                  print(artifact.digest)";
    let output = Command::new(&python)
        .args(["-c", script])
        .arg(directory.join("artefacts/predictions"))
        .env("WANDB_DATA_DIR", directory)
        .env("WANDB_CACHE_DIR", directory)
        .output()
        .unwrap();
    let digest = String::from_utf8(output.stdout).unwrap();
    let digest = digest.lines().last().expect("a digest");
    assert_eq!(predictions["digest"], digest);
}

#[test]
fn leet_reads_a_run() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let mut events = everything(&directory.join("artefacts"));
    events.pop();
    feed(directory, &events);
    let inspect = || -> Value {
        let output = Command::new(client(&python))
            .args(["leet", "inspect", "--summary", "--json"])
            .arg(run_directory(directory))
            .env("WANDB_ERROR_REPORTING", "false")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"))
    };
    let running = inspect();
    assert_eq!(running["name"], "knn on A");
    assert_eq!(running["step"], 20);
    assert!(running["exit_code"].is_null());

    let end = finish(RunStatus::Failed, Some("no neighbours"));
    let mut last = events.last().unwrap().clone();
    last.seq += 1;
    last.kind = end;
    events.push(last);
    feed(directory, &events);
    let failed = inspect();
    assert_eq!(failed["exit_code"], 1);
    assert_eq!(failed["project"], "cafa");
    assert_eq!(failed["config"]["embedding"]["dtype"], "f16");
    assert_eq!(failed["summary"]["loss"], 1.5);
    assert_eq!(failed["tags"], json!(["dataset:A", "model:new"]));
}

#[test]
fn the_reason_of_a_killed_run_is_uploaded() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let why = "its process ended without ending the run";
    feed(
        directory,
        &events(vec![finish(RunStatus::Killed, Some(why))]),
    );
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let state = server.state();
    assert_eq!(state["exitcode"], 255);
    assert_eq!(state["summary"]["protea_run"]["status"], "killed");
    assert_eq!(state["summary"]["protea_run"]["error"], why);
    let output = state["output"]["0"].as_str().unwrap();
    assert!(output.contains(&format!("killed: {why}")), "{output}");
}

#[test]
fn a_run_uploaded_twice_is_there_once() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let synced = run_file(directory).with_extension("wandb.synced");
    fs::remove_file(&synced).unwrap();
    uploaded(&server, &python, directory);
    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(history, rows_of_everything());
}

#[test]
fn a_run_changed_after_its_upload_is_uploaded_again() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    // The last row gets more values later.
    feed(directory, &events[..2]);
    let server = Server::start(&python, directory, &[]);
    let report = uploaded(&server, &python, directory);
    assert!(
        report.message.contains("it has no end"),
        "{}",
        report.message
    );
    assert_eq!(server.state()["exitcode"], 1);
    feed(directory, &events);
    uploaded(&server, &python, directory);
    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(history, rows_of_everything());
    assert_eq!(server.state()["exitcode"], 0);
}

#[test]
fn an_interrupted_upload_is_completed_later() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let server = Server::start(&python, directory, &["--vanish", "/artifacts/all.tsv"]);
    let runs = find_offline_runs(directory).unwrap();
    let mut options = server.options(&python);
    options.timeout = Duration::from_secs(6);
    let report = sync_offline_runs(&runs, &options).unwrap().remove(0);
    assert_eq!(report.outcome, SyncOutcome::Failed);
    assert!(!report.ok);
    assert!(
        report.message.contains("longer than 6 s"),
        "{}",
        report.message
    );
    assert_eq!(find_offline_runs(directory).unwrap(), runs);

    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(history, rows_of_everything());
}

/// Then no run can be uploaded, so it is an error for all of them.
#[test]
fn a_missing_key_is_an_error_with_a_remedy() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    let server = Server::start(&python, directory, &[]);
    let runs = find_offline_runs(directory).unwrap();
    for (key, reason) in [("", "No API key configured"), ("short", "40+ characters")] {
        let mut options = server.options(&python);
        // The key of the user who runs the test must not be found either.
        for (name, value) in [
            ("WANDB_API_KEY", key),
            ("HOME", "/nowhere"),
            ("NETRC", "/nowhere"),
        ] {
            options.environment.push((name.into(), value.into()));
        }
        let error = sync_offline_runs(&runs, &options).unwrap_err();
        assert!(matches!(error, TrackerError::TrackerInit { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(reason), "{message}");
        let remedy = "; sign in with `wandb login`, or set WANDB_API_KEY";
        assert!(message.ends_with(remedy), "{message}");
    }
    // With a key, the run is uploaded completely.
    uploaded(&server, &python, directory);
}

#[test]
fn errors_that_the_client_ignores_are_failures() {
    let Some(python) = interpreter() else { return };
    // In all these cases the exit code of the client is 0, and in most it creates its marker.
    for (refused, reason) in [
        ("/artifacts/all.tsv", "failed to log artifact"),
        ("/file_stream", "fatal error"),
        ("/graphql", "init"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        feed(directory, &everything(&directory.join("artefacts")));
        let server = Server::start(&python, directory, &["--refuse", refused, "400"]);
        let report = sync(&server, &python, directory);
        assert_eq!(report.outcome, SyncOutcome::Failed, "{refused}");
        assert!(
            report.message.contains(reason),
            "{refused}: {}",
            report.message
        );
        assert_eq!(find_offline_runs(directory).unwrap().len(), 1);
    }
}

#[test]
fn an_artefact_removed_before_the_upload_is_a_failure() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    feed(directory, &everything(&directory.join("artefacts")));
    fs::remove_file(directory.join("artefacts/model.json")).unwrap();
    let server = Server::start(&python, directory, &[]);
    let report = sync(&server, &python, directory);
    assert_eq!(report.outcome, SyncOutcome::Failed);
    assert!(report.message.contains("model.json"), "{}", report.message);
}

#[test]
fn an_incomplete_file_is_a_failure_until_completed() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    feed(directory, &events);
    let file = run_file(directory);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    let server = Server::start(&python, directory, &[]);
    let report = sync(&server, &python, directory);
    assert_eq!(report.outcome, SyncOutcome::Failed);
    assert!(
        report.message.contains("not a complete record"),
        "{}",
        report.message
    );

    feed(directory, &events);
    uploaded(&server, &python, directory);
    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(history, rows_of_everything());
}

#[test]
fn records_longer_than_blocks_are_read() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    // Covers all positions of a record at the end of a block.
    let mut kinds: Vec<_> = (0..400)
        .map(|at| tags("length", &"x".repeat(100 + at)))
        .collect();
    kinds.push(tags("long", &"y".repeat(100_000)));
    kinds.extend((0..2000).map(|step| log(step, &[("loss", 0.5)])));
    kinds.push(finish(RunStatus::Finished, None));
    feed(directory, &events(kinds));
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    assert_eq!(server.history().len(), 2000);
    let state = server.state();
    let tags = &state["run"]["config"]["protea_run"]["tags"];
    assert_eq!(tags["long"].as_str().unwrap().len(), 100_000);
    assert_eq!(
        state["run"]["tags"][2].as_str().unwrap().chars().count(),
        64
    );
}
