//! What the command says of a server that takes runs but no files.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use protea_e2e::{Place, Ran, built};
use serde_json::{Value, json};

/// The run that the server has, if one was created.
type Created = Arc<Mutex<Option<Value>>>;

/// Starts a server with MLflow's interface that keeps files elsewhere, where a client cannot write
/// them. It answers until the process of the tests ends.
fn server_without_files() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let created = Created::default();
        for stream in listener.incoming().flatten() {
            let created = Arc::clone(&created);
            thread::spawn(move || drop(serve(&stream, &created)));
        }
    });
    uri
}

fn serve(stream: &TcpStream, created: &Created) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = answer(path, &body, created).to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        write!(
            &*stream,
            "{head}\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
}

fn answer(path: &str, body: &[u8], created: &Created) -> Value {
    let experiment = json!({
        "experiment_id": "1", "name": "Default", "artifact_location": "file:///srv/files",
        "lifecycle_stage": "active",
    });
    let mut created = created.lock().unwrap();
    let call = path.split("/mlflow/").nth(1).unwrap_or_default();
    match call.split('?').next().unwrap_or_default() {
        "experiments/search" => json!({ "experiments": [experiment] }),
        "experiments/get-by-name" | "experiments/get" => json!({ "experiment": experiment }),
        "runs/create" => {
            let request: Value = serde_json::from_slice(body).unwrap();
            let info = json!({
                "run_id": "a".repeat(32), "experiment_id": "1", "status": "RUNNING",
                "artifact_uri": "file:///srv/files/a", "lifecycle_stage": "active", "start_time": 1,
            });
            let run = json!({ "info": info, "data": { "tags": request["tags"] } });
            *created = Some(run.clone());
            json!({ "run": run })
        }
        "runs/search" => json!({ "runs": created.iter().collect::<Vec<_>>() }),
        "runs/get" => json!({ "run": *created }),
        "logged-models/search" => json!({ "models": [] }),
        call if call.starts_with("logged-models") => json!({ "model": { "info": {
            "model_id": "m-1", "artifact_uri": "file:///srv/files/m", "experiment_id": "1",
            "name": "model", "status": "LOGGED_MODEL_PENDING",
        }}}),
        _ => json!({}),
    }
}

#[test]
fn a_server_that_takes_no_files_says_it_once() {
    let uri = server_without_files();
    let place = Place::new();
    let protea = |arguments: &str| {
        let mut command = place.command(&built().join("protea"));
        command
            .args(arguments.split(' '))
            .env("MLFLOW_TRACKING_URI", &uri);
        Ran::from(command.output().unwrap())
    };
    let ran = protea("run toy --track mlflow --offline");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let synced = protea("sync");
    assert_eq!(synced.code, Some(1), "{synced:#?}");
    let told: Vec<&str> = synced
        .stderr
        .lines()
        .filter(|line| line.contains("outside the server"))
        .collect();
    assert_eq!(told.len(), 1, "{synced:#?}");
    assert!(
        told[0].contains("more for this reason, in 1 run"),
        "{synced:#?}"
    );
}

#[test]
fn a_dry_run_uploads_nothing_and_says_nothing_of_uploading() {
    let place = Place::new();
    let ran = place.protea(["run", "toy", "--track", "wandb"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let dry = place.protea(["sync-offline", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:#?}");
    assert!(!dry.stderr.contains("uploading"), "{dry:#?}");
    assert!(dry.stdout.contains("offline-run-"), "{dry:#?}");
}

#[test]
fn the_predictions_of_a_run_are_scored_without_warnings() {
    let place = Place::new();
    let ran = place.protea(["run", "toy", "--no-export", "--json"]).json();
    let predictions = ran["artifacts"]["predictions"].as_str().unwrap();
    let ontology = protea_e2e::test().join("ontology.obo");
    // Every prediction of the toy is a true annotation.
    let truth: String = std::fs::read_to_string(format!("{predictions}/predictions.tsv"))
        .unwrap()
        .lines()
        .filter_map(|line| line.rsplit_once('\t'))
        .map(|(annotation, _)| format!("{annotation}\n"))
        .collect();
    let truth = place.write("truth.tsv", truth);
    let scored = place.protea([
        "cafa".as_ref(),
        ontology.as_os_str(),
        predictions.as_ref(),
        truth.as_os_str(),
    ]);
    assert_eq!(scored.code, Some(0), "{scored:#?}");
    assert!(!scored.stderr.contains("warning"), "{scored:#?}");
    assert_eq!(
        scored.stderr.matches("ignored tables of scores").count(),
        1,
        "{scored:#?}"
    );
}
