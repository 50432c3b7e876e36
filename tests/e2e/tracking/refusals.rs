//! What the command says of a server that takes runs but no files.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use protea_e2e::{Place, Ran, built};
use serde_json::{Value, json};

/// A server with MLflow's interface that keeps files elsewhere, where a client cannot write them,
/// until it is told to take them. It answers until the process of the tests ends.
struct Server {
    uri: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The run that the server has, if one was created.
    created: Mutex<Option<Value>>,
    takes_files: AtomicBool,
    files: AtomicUsize,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let answers = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&answers);
                thread::spawn(move || drop(serve(&stream, &state)));
            }
        });
        Self { uri, state }
    }

    fn protea(&self, place: &Place, arguments: &str) -> Ran {
        let mut command = place.command(&built().join("protea"));
        command
            .args(arguments.split(' '))
            .env("MLFLOW_TRACKING_URI", &self.uri);
        Ran::from(command.output().unwrap())
    }
}

fn serve(stream: &TcpStream, state: &State) -> std::io::Result<()> {
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
        if request.starts_with("PUT") {
            state.files.fetch_add(1, Ordering::SeqCst);
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = answer(path, &body, state).to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        write!(
            &*stream,
            "{head}\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
}

fn answer(path: &str, body: &[u8], state: &State) -> Value {
    let files = if state.takes_files.load(Ordering::SeqCst) {
        "mlflow-artifacts:/1"
    } else {
        "file:///srv/files"
    };
    let experiment = json!({
        "experiment_id": "1", "name": "Default", "artifact_location": files,
        "lifecycle_stage": "active",
    });
    let mut created = state.created.lock().unwrap();
    if let Some(run) = created.as_mut() {
        run["info"]["artifact_uri"] = format!("{files}/a").into();
    }
    let call = path.split("/mlflow/").nth(1).unwrap_or_default();
    match call.split('?').next().unwrap_or_default() {
        "experiments/search" => json!({ "experiments": [experiment] }),
        "experiments/get-by-name" | "experiments/get" => json!({ "experiment": experiment }),
        "runs/create" => {
            let request: Value = serde_json::from_slice(body).unwrap();
            let info = json!({
                "run_id": "a".repeat(32), "experiment_id": "1", "status": "RUNNING",
                "artifact_uri": format!("{files}/a"), "lifecycle_stage": "active", "start_time": 1,
            });
            let run = json!({ "info": info, "data": { "tags": request["tags"] } });
            *created = Some(run.clone());
            json!({ "run": run })
        }
        "runs/search" => json!({ "runs": created.iter().collect::<Vec<_>>() }),
        "runs/get" => json!({ "run": *created }),
        "logged-models/search" => json!({ "models": [] }),
        call if call.starts_with("logged-models") => json!({ "model": { "info": {
            "model_id": "m-1", "artifact_uri": format!("{files}/m"), "experiment_id": "1",
            "name": "model", "status": "LOGGED_MODEL_PENDING",
        }}}),
        _ => json!({}),
    }
}

/// How often the command says that the server takes no files.
fn told(ran: &Ran) -> usize {
    let lines = ran.stderr.lines();
    lines
        .filter(|line| line.contains("outside the server"))
        .count()
}

#[test]
fn a_server_that_takes_no_files_says_it_once() {
    let server = Server::start();
    let place = Place::new();
    let ran = server.protea(&place, "run toy --track mlflow --offline");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let synced = server.protea(&place, "sync");
    assert_eq!(synced.code, Some(1), "{synced:#?}");
    assert_eq!(told(&synced), 1, "{synced:#?}");
    assert!(
        synced.stderr.contains("more for this reason, in 1 run"),
        "{synced:#?}"
    );
}

#[test]
fn what_was_refused_is_told_until_it_is_sent() {
    let server = Server::start();
    let place = Place::new();
    let ran = server.protea(&place, "run toy --track mlflow");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    // On a busy machine the command ends before the server has the run, and says that.
    if !ran.stderr.contains("has not reached mlflow yet") {
        assert_eq!(told(&ran), 1, "{ran:#?}");
        assert!(
            ran.stderr
                .contains("mlflow lacks what it refused, which stays in the workspace"),
            "{ran:#?}"
        );
    }
    for _ in 0..2 {
        let synced = server.protea(&place, "sync");
        synced.fails_with(1, &["each `protea sync` tries it again"]);
        assert_eq!(told(&synced), 1, "{synced:#?}");
        assert!(synced.stdout.contains("events refused"), "{synced:#?}");
    }
    let shown = server.protea(&place, "runs show latest");
    assert!(shown.stdout.contains("it refused "), "{shown:#?}");
    let dry = server.protea(&place, "sync --dry-run");
    assert!(dry.stdout.contains("events refused"), "{dry:#?}");
    assert_eq!(server.state.files.load(Ordering::SeqCst), 0);

    server.state.takes_files.store(true, Ordering::SeqCst);
    let synced = server.protea(&place, "sync");
    assert_eq!(synced.code, Some(0), "{synced:#?}");
    assert!(server.state.files.load(Ordering::SeqCst) > 1);
    let again = server.protea(&place, "sync");
    assert_eq!(again.stdout, "all backends are up to date\n", "{again:#?}");
    let shown = server.protea(&place, "runs show latest");
    assert!(!shown.stdout.contains("it refused "), "{shown:#?}");
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

#[test]
fn a_tracker_without_an_address_can_record_offline() {
    let place = Place::new();
    let mut command = place.command(&built().join("protea"));
    command.args(["run", "toy", "--track", "mlflow"]);
    let output = command.env_remove("MLFLOW_TRACKING_URI").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    for part in ["MLFLOW_TRACKING_URI is not set; set it", "--offline"] {
        assert!(said.contains(part), "{said}");
    }
}
