//! A server that the environment names.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use protea_tracking::Mlflow;

use crate::{server::python, stub::Stub};

const ASKED: &str = "PROTEA_TEST_MLFLOW_ENVIRONMENT";

/// The process of [`checked`].
#[test]
fn checks_the_server_of_the_environment() {
    if env::var_os(ASKED).is_some() {
        match Mlflow::from_environment().and_then(|mlflow| mlflow.check()) {
            Ok(()) => println!("<it is there>"),
            Err(error) => println!("<{error}>"),
        }
    }
}

/// What a check says in a process with these variables, and no others of MLflow's.
fn checked(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "environment::checks_the_server_of_the_environment",
            "--nocapture",
        ])
        .env(ASKED, "yes");
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("MLFLOW_")) {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, said) = said.split_once('<').unwrap();
    said.split_once('>').unwrap().0.to_owned()
}

#[test]
fn the_variables_of_mlflows_own_client_are_read() {
    let text = checked(&[]);
    assert!(text.contains("MLFLOW_TRACKING_URI is not set"), "{text}");
    let stub = Stub::new(|_| (200, "", "{}".to_owned()));
    let uri = ("MLFLOW_TRACKING_URI", &*stub.uri);
    let (user, password) = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD");
    let token = ("MLFLOW_TRACKING_TOKEN", "t0ken");
    assert_eq!(checked(&[uri]), "it is there");
    assert_eq!(checked(&[uri, token]), "it is there");
    assert_eq!(
        checked(&[uri, token, (user, "me"), (password, "s3cret")]),
        "it is there"
    );
    let requests = stub.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| request.header("authorization"))
        .collect();
    assert_eq!(
        sent,
        [None, Some("Bearer t0ken"), Some("Basic bWU6czNjcmV0")]
    );
}

#[test]
fn a_certificate_has_to_be_trusted() {
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let mut server = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/mlflow/https.py"
        ))
        .arg(place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    let uri = format!("https://127.0.0.1:{}", port.trim());
    let uri = ("MLFLOW_TRACKING_URI", &*uri);
    let text = checked(&[uri]);
    assert!(text.contains("cannot be trusted"), "{text}");
    assert!(text.contains("MLFLOW_TRACKING_SERVER_CERT_PATH"), "{text}");
    let certificate = place.path().join("certificate.pem");
    let certificate = (
        "MLFLOW_TRACKING_SERVER_CERT_PATH",
        certificate.to_str().unwrap(),
    );
    assert_eq!(checked(&[uri, certificate]), "it is there");
    assert_eq!(
        checked(&[uri, ("MLFLOW_TRACKING_INSECURE_TLS", "true")]),
        "it is there"
    );
    drop(server.stdin.take());
    server.wait().unwrap();
}
