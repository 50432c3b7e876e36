//! Files and models.

use std::{collections::BTreeSet, fs, path::Path};

use protea_tracking::{Artifact, EventKind, Mlflow, RunStart, Tracker, TrackerError};
use serde_json::{Value, json};

use crate::{events, send, server::Server, stub::Stub, tracker};

fn artifact(path: &Path, name: &str) -> Artifact {
    Artifact {
        path: path.to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn files_of_any_name_arrive_byte_for_byte() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let place = tempfile::tempdir().unwrap();
    let names = [
        "plain.txt",
        "with space.txt",
        "größe.txt",
        "蛋白质.bin",
        "a+b&c=d?.txt",
        "a;b.txt",
        "100%.txt",
        "a%20b.txt",
        "a%23b.txt",
        "a#b.txt",
        "a..b",
        "%2e%2e",
        ".hidden",
        "a'b\"c",
        "{x}",
        "~x",
        "tab\there",
        "line\nbreak",
        "back\\slash",
        "...",
    ];
    let files = place.path().join("files");
    fs::create_dir_all(files.join("sub dir/%2e%2e/deep#er")).unwrap();
    for name in names {
        fs::write(files.join(name), name).unwrap();
        fs::write(
            files.join("sub dir/%2e%2e/deep#er").join(name),
            format!("deep {name}"),
        )
        .unwrap();
    }
    let start = RunStart::new("files").with_project("files");
    let log = EventKind::LogArtifact(artifact(&files, "all of them"));
    let events = events(&start, [log]);
    let id = send(&tracker, &start, &events).run_id;
    // Sending again stores the same files under the same names.
    send(&tracker, &start, &events);

    server.as_the_client_reads_it(&id, place.path());
    let mut found = BTreeSet::new();
    let mut directories = vec![place.path().join("run/all of them")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                assert!(
                    found.insert(fs::read_to_string(&path).unwrap()),
                    "{path:?} is there twice"
                );
            }
        }
    }
    let expected = names
        .iter()
        .flat_map(|name| [(*name).to_owned(), format!("deep {name}")]);
    assert_eq!(found, expected.collect());
}

#[test]
fn a_missing_file_is_refused_and_the_rest_arrives() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let place = tempfile::tempdir().unwrap();
    let missing = place.path().join("missing.tsv");
    let start = RunStart::new("gone").with_project("files");
    let log = EventKind::LogArtifact(artifact(&missing, "missing.tsv"));
    let events = events(&start, [crate::log(0, "before", 1.0), log]);
    let mut sink = tracker.open_run(&start).unwrap();
    let error = sink.apply(&events).unwrap_err();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("missing.tsv"), "{error}");
    assert_eq!(server.history(&sink.reference().run_id, "before").len(), 1);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_do_not_hang() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("a/b");
    fs::create_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink("..", directory.join("up")).unwrap();
    let pipe = place.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let start = RunStart::new("links").with_project("files");
    let mut sink = tracker.open_run(&start).unwrap();
    for (path, reason) in [
        (place.path().join("a"), "a/b/up is a symbolic link"),
        (pipe, "not a regular file"),
    ] {
        let log = EventKind::LogArtifact(artifact(&path, "x"));
        let error = sink.apply(&events(&start, [log])[1..]).unwrap_err();
        assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_model_sent_repeatedly_is_there_once() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("model.json");
    fs::write(&path, b"{\"k\":5}").unwrap();
    let start = RunStart::new("models").with_project("models");
    let log = |name: &str| EventKind::LogModel(artifact(&path, name));
    let events = events(&start, [log("knn"), log("knn"), log("deep/er: 100%.\"x\"")]);
    let id = send(&tracker, &start, &events).run_id;
    send(&self::tracker(server), &start, &events);

    let run = server.run(&id);
    assert_eq!(run["outputs"]["model_outputs"].as_array().unwrap().len(), 3);
    let found = server.post(
        "logged-models/search",
        &json!({ "experiment_ids": [run["info"]["experiment_id"]] }),
    );
    let models = found["models"].as_array().unwrap();
    assert_eq!(models.len(), 3);
    for model in models {
        assert_eq!(model["info"]["status"], "LOGGED_MODEL_READY");
    }
    let read = server.as_the_client_reads_it(&id, place.path());
    let named = |model: &&Value| model["tags"]["protea.name"] == "deep/er: 100%.\"x\"";
    assert_eq!(
        read["models"]
            .as_array()
            .unwrap()
            .iter()
            .filter(named)
            .count(),
        1
    );
    let knn = read["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == "knn");
    let files = Path::new(knn.unwrap()["files"].as_str().unwrap());
    assert_eq!(fs::read(files.join("model.json")).unwrap(), b"{\"k\":5}");
}

/// A stub that answers like MLflow 2.
#[test]
fn servers_before_mlflow_3_get_models_as_artefacts() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("model.json");
    fs::write(&path, b"{}").unwrap();
    let info = json!({ "info": {
        "run_id": "r1", "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/1/r1/artifacts",
    }});
    let stub = Stub::new(move |request| {
        let body = if request.is("get-by-name") {
            json!({ "experiment": { "experiment_id": "1", "name": "old" } })
        } else if request.is("runs/create") {
            json!({ "run": info })
        } else if request.is("logged-models") {
            return (
                404,
                "",
                "<!doctype html><title>404 Not Found</title>".to_owned(),
            );
        } else {
            json!({})
        };
        (200, "", body.to_string())
    });
    let tracker = Mlflow::new(&stub.uri).unwrap();
    let start = RunStart::new("old").with_project("old");
    send(
        &tracker,
        &start,
        &events(
            &start,
            [EventKind::LogModel(artifact(&path, "knn/model.json"))],
        ),
    );
    let requests = stub.requests();
    let put = requests
        .iter()
        .find(|request| request.line.starts_with("PUT"))
        .unwrap();
    let place = "/api/2.0/mlflow-artifacts/artifacts/1/r1/artifacts/knn/model.json ";
    assert!(put.is(place), "{}", put.line);
    assert_eq!(put.body, b"{}");
}

#[test]
fn files_kept_outside_of_the_server_are_refused() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let name = "elsewhere";
    let location = format!("file://{}", place.path().display());
    server.post(
        "experiments/create",
        &json!({ "name": name, "artifact_location": location }),
    );
    let path = place.path().join("x");
    fs::write(&path, b"x").unwrap();
    let start = RunStart::new("x").with_project(name);
    let mut sink = tracker(server).open_run(&start).unwrap();
    let log = EventKind::LogArtifact(artifact(&path, "x"));
    let error = sink.apply(&events(&start, [log])).unwrap_err();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("--serve-artifacts"), "{error}");
}
