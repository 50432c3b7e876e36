//! The server in the environment variables.

use std::{env, process::Command};
#[cfg(feature = "tls")]
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use protea_tracking::Mlflow;

#[cfg(feature = "tls")]
use crate::server::python;
use crate::stub::Stub;

const ASKED: &str = "PROTEA_TEST_MLFLOW_ENVIRONMENT";

/// The child process of [`checked`].
#[test]
fn child_that_checks_the_server() {
    if env::var_os(ASKED).is_some() {
        match Mlflow::from_env().and_then(|mlflow| mlflow.check()) {
            Ok(()) => println!("<it is there>"),
            Err(error) => println!("<{error}>"),
        }
    }
}

/// The result of a check in a process with these variables and no others of MLflow.
fn checked(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "environment::child_that_checks_the_server",
            "--nocapture",
        ])
        .env(ASKED, "yes");
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("MLFLOW_")) {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (_, result) = stdout.split_once('<').unwrap();
    result.split_once('>').unwrap().0.to_owned()
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
#[cfg(feature = "tls")]
fn a_certificate_must_be_trusted() {
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

#[test]
#[cfg(not(feature = "tls"))]
fn https_is_an_error_without_the_feature_tls() {
    let error = Mlflow::new("https://me:s3cret@127.0.0.1:1").unwrap_err();
    assert!(matches!(
        error,
        protea_tracking::TrackerError::TlsUnsupported { .. }
    ));
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
