//! Connecting and signing in to servers.

use std::{fs, time::Duration};

use protea_tracking::{Artifact, EventKind, Mlflow, RunQuery, RunStart, Tracker, TrackerError};
use serde_json::json;

use crate::{
    events, finish, log, send,
    server::{PASSWORD, Server, free_port},
    stub::Stub,
};

fn init_error(result: Result<impl Sized, TrackerError>) -> String {
    match result {
        Err(error @ TrackerError::TrackerInit { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it succeeded"),
    }
}

#[test]
fn a_missing_server_is_an_error_with_a_remedy() {
    let uri = format!("http://127.0.0.1:{}", free_port());
    let mlflow = Mlflow::new(&uri).unwrap();
    let error = mlflow.check().unwrap_err();
    assert!(
        matches!(&error, TrackerError::NoServer { address, .. } if *address == uri),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains(&uri) && text.contains("mlflow server"),
        "{text}"
    );
    let error = mlflow.clone().connect().unwrap_err();
    assert!(matches!(error, TrackerError::NoServer { .. }), "{error:?}");
    let unknown = Mlflow::new("http://no-such-host.invalid").unwrap();
    let error = unknown.connect().unwrap_err();
    assert!(matches!(error, TrackerError::NoServer { .. }), "{error:?}");
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
    // For a run that is being recorded, the server is only unavailable.
    let error = mlflow.open_run(&RunStart::new("x")).err().unwrap();
    assert!(matches!(error, TrackerError::Unavailable { .. }), "{error}");
}

#[test]
fn another_server_is_recognised() {
    let stubs = [
        Stub::new(|_| (200, "", "<html>a router's page</html>".to_owned())),
        Stub::new(|_| (200, "", json!({ "hello": "world" }).to_string())),
        Stub::new(|_| (200, "", "[1, 2]".to_owned())),
        Stub::new(|_| (404, "", "<html>not found</html>".to_owned())),
        Stub::raw(|_| b"\x16\x03\x01 no http at all\r\n\r\n".to_vec()),
        Stub::raw(|_| [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 1 << 20]].concat()),
    ];
    for (index, stub) in stubs.iter().enumerate() {
        let mlflow = Mlflow::new(&stub.uri).unwrap();
        let text = init_error(mlflow.check());
        assert!(text.contains("is not an MLflow server"), "{index}: {text}");
        let error = mlflow.open_run(&RunStart::new("x")).err().unwrap();
        assert!(
            matches!(error, TrackerError::Unavailable { .. }),
            "{index}: {error}"
        );
        let error = mlflow.list_runs(&RunQuery::default()).err();
        assert!(
            index == 1 || error.is_some_and(|error| error.is_temporary()),
            "{index}"
        );
    }
}

#[test]
fn a_slow_or_busy_server_is_unavailable() {
    let busy = Stub::new(|_| (503, "", "no healthy upstream".to_owned()));
    let asked_too_often = Stub::new(|_| {
        (
            429,
            "",
            json!({
                "error_code": "REQUEST_LIMIT_EXCEEDED", "message": "later",
            })
            .to_string(),
        )
    });
    let cut_off = Stub::raw(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"exp".to_vec());
    // The limit is short for the server that never answers, and never reached for the others.
    for (stub, seconds) in [
        (Stub::silent(), 3),
        (busy, 600),
        (asked_too_often, 600),
        (cut_off, 600),
    ] {
        let mlflow = Mlflow::new(&stub.uri)
            .unwrap()
            .with_timeout(Duration::from_secs(seconds));
        let error = mlflow.check().unwrap_err();
        assert!(matches!(error, TrackerError::Unavailable { .. }), "{error}");
        let mlflow = mlflow.connect().unwrap();
        let error = mlflow.open_run(&RunStart::new("x")).err().unwrap();
        assert!(matches!(error, TrackerError::Unavailable { .. }), "{error}");
    }
}

#[test]
fn credentials_do_not_follow_a_redirect() {
    let other = Stub::new(|_| (200, "", "{}".to_owned()));
    let location: &'static str =
        Box::leak(format!("location: {}/?token=s3cret\r\n", other.uri).into_boxed_str());
    for status in [301, 302, 307, 308] {
        let stub = Stub::new(move |_| (status, location, String::new()));
        let mlflow = Mlflow::new(&stub.uri)
            .unwrap()
            .with_bearer_token("s3cret")
            .unwrap();
        let text = init_error(mlflow.check());
        assert!(
            text.contains(&other.uri) && !text.contains("s3cret"),
            "{text}"
        );
        init_error(mlflow.list_runs(&RunQuery::default()));
        assert_eq!(
            stub.requests()[0].header("authorization"),
            Some("Bearer s3cret")
        );
    }
    assert!(other.requests().is_empty());
}

#[test]
fn a_server_behind_a_path_is_reached_there() {
    let stub = Stub::new(|_| (200, "", "{}".to_owned()));
    Mlflow::new(&format!("{}/tools/mlflow/", stub.uri))
        .unwrap()
        .check()
        .unwrap();
    let line = &stub.requests()[0].line;
    assert!(
        line.starts_with("POST /tools/mlflow/api/2.0/mlflow/experiments/search "),
        "{line}"
    );
}

#[test]
fn credentials_give_access() {
    let Some(server) = Server::start(&["auth"]) else {
        return;
    };
    let anonymous = Mlflow::new(&server.uri).unwrap();
    let wrong = anonymous.clone().with_basic_auth("admin", "wrong").unwrap();
    for mlflow in [anonymous, wrong] {
        let text = init_error(mlflow.check());
        let variables = ["USERNAME", "PASSWORD", "TOKEN"];
        for variable in variables {
            assert!(
                text.contains(&format!("MLFLOW_TRACKING_{variable}")),
                "{text}"
            );
        }
        init_error(mlflow.open_run(&RunStart::new("x")));
    }

    let mlflow = Mlflow::new(&server.uri)
        .unwrap()
        .with_basic_auth("admin", PASSWORD)
        .unwrap();
    let mlflow = mlflow.connect().unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("table.tsv");
    fs::write(&path, b"a\tb\n").unwrap();
    let artifact = |name: &str| Artifact {
        path: path.clone(),
        name: name.to_owned(),
    };
    let start = RunStart::new("signed in").with_project("private");
    let kinds = [
        log(0, "loss", 0.5),
        EventKind::LogArtifact(artifact("table.tsv")),
        EventKind::LogModel(artifact("model")),
        finish(),
    ];
    let events = events(&start, kinds);
    send(&mlflow, &start, &events);
    send(&mlflow, &start, &events);
    let runs = mlflow.list_runs(&RunQuery::default()).unwrap().runs;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].run_id, start.run_id);

    // The same credentials in the address.
    let uri = server
        .uri
        .replace("http://", "http://admin:a:long-p%40ssword-1@");
    let mlflow = Mlflow::new(&uri).unwrap().connect().unwrap();
    assert_eq!(
        mlflow.list_runs(&RunQuery::default()).unwrap().runs.len(),
        1
    );
    assert_eq!(mlflow.target(), json!({ "uri": server.uri }));
}

#[test]
fn an_answer_that_drips_does_not_hold_a_run() {
    // Without a limit for the whole answer, the last part would arrive in the end.
    const PARTS: u32 = 300;
    let stub = Stub::dripping(Duration::from_millis(100), PARTS);
    let mlflow = Mlflow::new(&stub.uri).unwrap();
    let mlflow = mlflow.with_timeout(Duration::from_millis(500));
    let error = mlflow.open_run(&RunStart::new("x")).err().unwrap();
    assert!(matches!(error, TrackerError::Unavailable { .. }), "{error}");
    let error = mlflow.check().unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
    assert!(stub.sent() < PARTS, "the whole answer was waited for");
}
