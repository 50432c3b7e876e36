//! How many requests a run takes, and which of them are sent at the same time.

use std::{
    fs,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use protea_tracking::{Artifact, EventKind, Mlflow, RunStart, Tracker};
use serde_json::{Map, Value, json};

use crate::{
    events, finish, log, send,
    stub::{Request, Stub},
};

/// Uploads that are sent at the same time.
const CONNECTIONS: usize = 4;

/// The answer of MLflow to a request of a run that it does not have yet.
fn answer(request: &Request) -> Value {
    let info = json!({ "info": {
        "run_id": "r1", "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/1/r1/artifacts",
    }});
    if request.is("get-by-name") {
        json!({ "experiment": { "experiment_id": "1", "name": "p" } })
    } else if request.is("experiments/search") {
        json!({ "experiments": [{ "experiment_id": "1", "name": "p" }] })
    } else if request.is("runs/create") {
        json!({ "run": info })
    } else if request.is("logged-models ") {
        json!({ "model": { "info": {
            "model_id": "m1", "artifact_uri": "mlflow-artifacts:/1/models/m1/artifacts",
            "status": "LOGGED_MODEL_PENDING",
        }}})
    } else {
        json!({})
    }
}

/// The calls of a stub, without the uploads.
fn calls(stub: &Stub) -> Vec<String> {
    stub.requests()
        .iter()
        .filter_map(|request| {
            let path = request.line.split_whitespace().nth(1)?;
            let call = path.strip_prefix("/api/2.0/mlflow/")?;
            Some(call.split('?').next().unwrap_or(call).to_owned())
        })
        .collect()
}

fn artifact(path: &std::path::Path, name: &str) -> Artifact {
    Artifact {
        path: path.to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn a_new_run_takes_few_requests() {
    let stub = Stub::new(|request| (200, "", answer(request).to_string()));
    let tracker = Mlflow::new(&stub.uri).unwrap().connect().unwrap();
    tracker.check_project(Some("p")).unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("model.json"), "{}").unwrap();
    let file = place.path().join("a.tsv");
    fs::write(&file, "a").unwrap();

    let start = RunStart::new("x").with_project("p").with_config("k", 5);
    let params = EventKind::LogParams {
        params: Map::from_iter([("late".to_owned(), json!(1))]),
    };
    let events = events(
        &start,
        [
            log(0, "MFO.fmax", 0.5),
            EventKind::LogModel(artifact(place.path(), "model")),
            params,
            EventKind::LogArtifact(artifact(&file, "a.tsv")),
            log(1, "MFO.fmax", 0.6),
            finish(),
        ],
    );
    send(&tracker, &start, &events);

    let mut sent = calls(&stub);
    // Files, metrics and the link of the model are sent at the same time.
    let first = sent.split_off(7);
    assert_eq!(
        sent,
        [
            "experiments/search",
            "experiments/get-by-name",
            "experiments/search",
            "runs/search",
            "runs/create",
            "runs/search",
            "runs/search",
        ],
        "is the server MLflow, is there the project; is there the run, is it there once, has it \
         children"
    );
    assert_eq!(
        first,
        [
            "logged-models",
            "runs/outputs",
            "logged-models/m1",
            "runs/log-batch",
            "runs/update"
        ]
    );
    let batch = stub.requests();
    let batch = batch.iter().find(|request| request.is("log-batch"));
    let batch: Value = serde_json::from_slice(&batch.unwrap().body).unwrap();
    assert_eq!(batch["metrics"].as_array().unwrap().len(), 2);
    assert_eq!(batch["params"].as_array().unwrap().len(), 2);
}

#[test]
fn a_model_is_searched_for_before_it_is_sent_again() {
    let stub = Stub::new(|request| {
        let refused = request.line.starts_with("PUT") && request.is("bad.tsv");
        let status = if refused { 400 } else { 200 };
        (status, "", answer(request).to_string())
    });
    let tracker = Mlflow::new(&stub.uri).unwrap();
    let place = tempfile::tempdir().unwrap();
    for name in ["model.json", "bad.tsv"] {
        fs::write(place.path().join(name), "{}").unwrap();
    }
    let start = RunStart::new("x").with_project("p");
    let events = events(
        &start,
        [
            EventKind::LogModel(artifact(&place.path().join("model.json"), "model")),
            EventKind::LogArtifact(artifact(&place.path().join("bad.tsv"), "bad.tsv")),
        ],
    );
    let mut sink = tracker.open_run(&start).unwrap();
    assert!(sink.apply(&events).is_err());
    assert!(!calls(&stub).contains(&"logged-models/search".to_owned()));
    sink.apply(&events[..2]).unwrap();
    assert!(calls(&stub).contains(&"logged-models/search".to_owned()));
}

#[test]
fn four_files_are_uploaded_at_the_same_time() {
    // How many uploads are open, and how many there were at most.
    let open: Arc<(Mutex<(usize, usize)>, Condvar)> = Arc::default();
    let seen = Arc::clone(&open);
    let stub = Stub::new(move |request| {
        if request.line.starts_with("PUT") {
            let (count, changed) = &*seen;
            let mut count = count.lock().unwrap();
            count.0 += 1;
            count.1 = count.1.max(count.0);
            changed.notify_all();
            // The answer waits for the others. The time limit only ends a test that fails.
            let limit = Duration::from_secs(600);
            let (mut count, _) = changed
                .wait_timeout_while(count, limit, |count| count.1 < CONNECTIONS)
                .unwrap();
            count.0 -= 1;
        }
        (200, "", answer(request).to_string())
    });
    let place = tempfile::tempdir().unwrap();
    for number in 0..10 {
        fs::write(place.path().join(format!("{number}.tsv")), "x").unwrap();
    }
    let start = RunStart::new("x").with_project("p");
    let events = events(
        &start,
        [
            EventKind::LogArtifact(artifact(place.path(), "predictions")),
            finish(),
        ],
    );
    send(&Mlflow::new(&stub.uri).unwrap(), &start, &events);

    let requests = stub.requests();
    let mut files: Vec<&str> = requests
        .iter()
        .filter(|request| request.line.starts_with("PUT"))
        .map(|request| request.line.split_whitespace().nth(1).unwrap())
        .collect();
    files.sort_unstable();
    let expected: Vec<String> = (0..10)
        .map(|n| format!("/api/2.0/mlflow-artifacts/artifacts/1/r1/artifacts/predictions/{n}.tsv"))
        .collect();
    assert_eq!(files, expected, "each file once");
    assert_eq!(open.0.lock().unwrap().1, CONNECTIONS);
    // The run ends after all files have arrived.
    assert!(requests.last().unwrap().is("runs/update"));
}
