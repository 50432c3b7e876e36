//! The command and a real MLflow server.

#[path = "../../../core/tracking/tests/mlflow/server.rs"]
#[allow(dead_code, reason = "the adapter's own tests ask for more")]
mod server;

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, Ran, built, test, train};
use serde_json::{Value, json};

use self::server::Server;

/// Runs the command with this server in its environment.
fn protea(place: &Place, uri: &str, arguments: &[&str]) -> Ran {
    let mut command = place.command(&built().join("protea"));
    let output = command
        .args(arguments)
        .env("MLFLOW_TRACKING_URI", uri)
        .output();
    Ran::from(output.unwrap())
}

/// The runs of a project, by their names.
fn runs(server: &Server, project: &str) -> Vec<Value> {
    let experiment = server.get("experiments/get-by-name", &[("experiment_name", project)]);
    let id = &experiment["experiment"]["experiment_id"];
    let found = server.post("runs/search", &json!({ "experiment_ids": [id] }));
    let mut runs = found["runs"].as_array().cloned().unwrap_or_default();
    runs.sort_by_key(|run| run["info"]["run_name"].to_string());
    runs
}

/// A tag, param or metric of a run.
fn named<'a>(run: &'a Value, kind: &str, name: &str) -> &'a Value {
    let all = run["data"][kind].as_array().unwrap();
    let found = all.iter().find(|entry| entry["key"] == name);
    &found.unwrap_or_else(|| panic!("no {name} among {kind}: {run:#}"))["value"]
}

#[test]
fn a_search_is_one_run_with_its_trials_below_it() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = Place::new();
    let ran = protea(
        &place,
        &server.uri,
        &[
            "search",
            "knn",
            "--grid",
            "k=1,5",
            "--metric",
            "MFO.fmax",
            "--track",
            "mlflow",
            "--project",
            "searched",
            "--group",
            "H012/E018",
            "--tag",
            "dataset=example",
        ],
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let runs = runs(server, "searched");
    assert_eq!(runs.len(), 3, "{runs:#?}");
    let (parent, trials) = runs.split_first().unwrap();
    for trial in trials {
        assert_eq!(
            named(trial, "tags", "mlflow.parentRunId"),
            &parent["info"]["run_id"]
        );
        assert_eq!(named(trial, "tags", "protea.group"), "H012/E018");
        assert_eq!(named(trial, "tags", "dataset"), "example");
        assert_eq!(trial["info"]["status"], "FINISHED");
        assert!(named(trial, "metrics", "MFO.fmax").as_f64().unwrap() > 0.4);
    }
    assert_eq!(named(&trials[0], "params", "spec.k"), "1");
    assert_eq!(named(&trials[1], "params", "spec.k"), "5");
}

#[test]
fn a_failure_and_a_kill_are_statuses_there_too() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = Place::new();
    let missing = place.write("model.json", "{}");
    let failed = protea(
        &place,
        &server.uri,
        &[
            "evaluate",
            "knn",
            "--model",
            missing.to_str().unwrap(),
            "--eval",
            test().to_str().unwrap(),
            "--track",
            "mlflow",
            "--project",
            "ends",
        ],
    );
    assert_ne!(failed.code, Some(0));

    let mut killed = place
        .command(&built().join("protea"))
        .args([
            "run",
            "knn",
            "--track",
            "mlflow",
            "--project",
            "ends",
            "--train",
        ])
        .args([train().as_os_str(), "--eval".as_ref(), test().as_os_str()])
        .env("MLFLOW_TRACKING_URI", &server.uri)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Killed once the server has the run. It may have finished by then; the manifest says which.
    let until = Instant::now() + Duration::from_secs(300);
    while runs(server, "ends").len() < 2 && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let synced = protea(&place, &server.uri, &["sync", "--json"]);
    assert_eq!(synced.code, Some(0), "{synced:#?}");

    let runs = runs(server, "ends");
    assert_eq!(runs.len(), 2, "{runs:#?}");
    let by_name = |name: &str| {
        let run = runs.iter().find(|run| run["info"]["run_name"] == name);
        run.unwrap_or_else(|| panic!("no {name}: {runs:#?}"))
    };
    let failed = by_name("knn/evaluate");
    assert_eq!(failed["info"]["status"], "FAILED");
    assert!(
        named(failed, "tags", "protea.error")
            .as_str()
            .unwrap()
            .contains("evaluate failed")
    );
    let killed = by_name("knn")["info"]["status"].as_str().unwrap();
    assert_eq!(killed, manifest_status(&place).to_uppercase());
}

/// The status in the manifest of the only `protea run` of a place.
fn manifest_status(place: &Place) -> String {
    let jobs = fs::read_dir(place.join("protea-workspace/workspace")).unwrap();
    let runs = jobs.filter_map(|job| {
        let runs = job.unwrap().path().join("artifacts/experiment");
        fs::read_dir(runs).ok()?.next()?.ok()
    });
    let run = runs.last().unwrap().path().join("run_manifest.json");
    let manifest: Value = serde_json::from_slice(&fs::read(run).unwrap()).unwrap();
    manifest["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_without_its_server_is_sent_later_and_once() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let place = Place::new();
    server.kill();
    // A missing server is an error before anything is computed.
    let track = ["run", "toy", "--track", "mlflow", "--project", "late"];
    let refused = protea(&place, &server.uri, &track);
    refused.fails_with(1, &["mlflow cannot be used", "--offline", "protea sync"]);

    let offline = protea(&place, &server.uri, &[&track[..], &["--offline"]].concat());
    assert_eq!(offline.code, Some(0), "{offline:#?}");
    let away = protea(&place, &server.uri, &["sync"]);
    assert_eq!(away.code, Some(1), "{away:#?}");
    let waiting = protea(&place, &server.uri, &["sync", "--dry-run", "--json"]).json();
    assert_eq!(waiting["runs"].as_array().unwrap().len(), 1);

    let new_run = protea(&place, &server.uri, &["new-run", "--experiment", "E1"]);
    let job = new_run.stdout.trim();
    let bind = [
        "bind-tracker",
        job,
        "--backend",
        "mlflow",
        "--project",
        "later",
        "--offline",
    ];
    assert_eq!(protea(&place, &server.uri, &bind).code, Some(0));

    server.start_again();
    let sent = protea(&place, &server.uri, &["sync", "--json"]).json();
    assert_eq!(sent["runs"].as_array().unwrap().len(), 2, "{sent}");
    for run in sent["runs"].as_array().unwrap() {
        assert_eq!(run["ok"], true, "{sent}");
        assert!(run["sent"].as_u64().unwrap() > 0, "{sent}");
    }
    let document = place.join("protea-workspace/workspace").join(job);
    let document = fs::read(document.join("signac_job_document.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let bound = &runs(&server, "later")[0]["info"]["run_id"];
    assert_eq!(
        &document["tracker"]["run_id"], bound,
        "the binding knows the server's id now"
    );
    let again = protea(&place, &server.uri, &["sync", "--json"]).json();
    assert_eq!(again["runs"], json!([]), "nothing is left to send");

    let runs = runs(&server, "late");
    assert_eq!(runs.len(), 1);
    let id = runs[0]["info"]["run_id"].as_str().unwrap();
    assert_eq!(server.history(id, "MFO.fmax").len(), 1, "each point once");
    assert_eq!(runs[0]["info"]["status"], "FINISHED");
}

#[test]
fn a_job_and_its_run_find_each_other() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = Place::new();
    let new_run = [
        "new-run",
        "--experiment",
        "E018",
        "--hypothesis",
        "H012",
        "--sp",
        "condition=full",
    ];
    let job = protea(&place, &server.uri, &new_run)
        .stdout
        .trim()
        .to_owned();
    let bind = [
        "bind-tracker",
        &job,
        "--backend",
        "mlflow",
        "--project",
        "bound",
        "--json",
    ];
    let bound = protea(&place, &server.uri, &bind).json();
    assert_eq!(bound["tracker"]["group"], "H012/E018/full");
    let again = protea(&place, &server.uri, &bind).json();
    assert_eq!(again["tracker"], bound["tracker"], "bound once");
    let other = ["bind-tracker", &job, "--backend", "wandb"];
    protea(&place, &server.uri, &other).fails_with(3, &["is already bound to mlflow", "--rebind"]);

    let id = bound["tracker"]["run_id"].as_str().unwrap();
    let run = server.run(id);
    assert_eq!(run["info"]["status"], "RUNNING");
    assert_eq!(named(&run, "params", "job"), &json!(job));
    assert_eq!(named(&run, "params", "experiment"), "E018");
    assert_eq!(named(&run, "params", "hypothesis"), "H012");

    let ran = protea(&place, &server.uri, &["run", "toy", "--job", &job]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(server.run(id)["info"]["status"], "FINISHED");
    let runs = runs(server, "bound");
    assert_eq!(runs.len(), 2);
    let child = runs.iter().find(|run| run["info"]["run_id"] != id).unwrap();
    assert_eq!(named(child, "tags", "mlflow.parentRunId"), id);
    assert_eq!(named(child, "params", "job"), &json!(job));
}

/// The address of a proxy that delays every request by a second.
fn slow_way_to(server: &Server) -> String {
    let to = server.uri.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let carry = |mut from: TcpStream, mut to: TcpStream, pause: Duration| {
        thread::spawn(move || {
            let mut bytes = [0; 65536];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                thread::sleep(pause);
                if to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    };
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&to).unwrap();
            carry(
                client.try_clone().unwrap(),
                server.try_clone().unwrap(),
                Duration::from_secs(1),
            );
            carry(server, client, Duration::ZERO);
        }
    });
    uri
}

#[test]
fn a_slow_server_takes_longer_to_bind_and_is_asked_for_one_run() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = Place::new();
    let job = protea(&place, &server.uri, &["new-run", "--experiment", "E1"]);
    let job = job.stdout.trim().to_owned();
    let bind = [
        "bind-tracker",
        &job,
        "--backend",
        "mlflow",
        "--project",
        "slow",
        "--json",
    ];
    let bound = protea(&place, &slow_way_to(server), &bind).json();
    let runs = runs(server, "slow");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["info"]["run_id"], bound["tracker"]["run_id"]);
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_process_recorded_arrives_once() {
    if let Some(server) = Server::shared() {
        crate::killed::kill(&["sync", "live"], &["--mlflow", &server.uri]);
    }
}
