//! A server or a process that is killed during a run.

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use protea_tracking::{
    EventKind, Feeder, Jsonl, LogFirst, Mlflow, RunEvent, RunStart, RunStatus, Tracker, cursors,
    log::LogReader, sync_run,
};

use crate::server::Server;

#[test]
fn a_restarted_server_has_each_point_once_after_a_sync() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let log = Jsonl::new(directory.path()).unwrap();
    let mlflow = Mlflow::new(&server.uri).unwrap().connect().unwrap();
    let feeder = Feeder::new();
    let tracker = LogFirst::new(log.clone()).with_backend(Arc::new(mlflow), &feeder);
    let run = tracker
        .start_run(
            RunStart::new("long")
                .with_project("outage")
                .with_config("k", 5),
        )
        .unwrap();
    let path = log.log_path(run.id());
    let points = |from: u32, to: u32| {
        for step in from..to {
            let value = f64::from(step);
            run.log_metrics(step.into(), [("loss", value), ("nan", f64::NAN)])
                .unwrap();
        }
    };
    points(0, 2000);
    // Wait until the server has the beginning.
    let taken = || {
        cursors(&path)
            .unwrap()
            .first()
            .and_then(|cursor| cursor.seq)
    };
    while taken().is_none_or(|seq| seq < 500) {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    points(2000, 4000);
    let child = tracker.start_run(run.child("long/child")).unwrap();
    let child_log = log.log_path(child.id());
    child.log_metrics(0, [("loss", 1.0)]).unwrap();
    child.finish(RunStatus::Finished).unwrap();
    points(4000, 5000);
    run.finish(RunStatus::Failed).unwrap();
    let left = feeder.wait(Duration::from_secs(1));
    assert_eq!(left.len(), 2, "{left:?}");
    drop((tracker, feeder));

    let again = || Arc::new(Mlflow::new(&server.uri).unwrap());
    let error = sync_run(&path, again()).unwrap_err();
    assert!(error.is_temporary(), "{error}");
    server.start_again();
    // The feeder's thread may still hold the lock.
    let sync = |log: &std::path::Path| loop {
        match sync_run(log, Arc::new(Mlflow::new(&server.uri).unwrap())) {
            Err(error) if error.is_temporary() => std::thread::sleep(Duration::from_millis(50)),
            result => return result.unwrap(),
        }
    };
    let first = sync(&path);
    assert!(first.sent > 0 && first.refused.is_empty(), "{first:?}");
    sync(&child_log);
    assert_eq!(sync(&path).sent, 0);

    let id = first.reference.unwrap().run_id;
    let loss = server.history(&id, "loss");
    let steps: Vec<u64> = loss.iter().map(|(step, _, _)| *step).collect();
    assert_eq!(steps, (0..5000).collect::<Vec<u64>>());
    assert_eq!(server.history(&id, "nan").len(), 5000);
    assert_eq!(server.run(&id)["info"]["status"], "FAILED");
    let runs = tracker_of(&server)
        .list_runs(&protea_tracking::RunQuery::default())
        .unwrap()
        .runs;
    assert_eq!(runs.len(), 2);
}

fn tracker_of(server: &Server) -> Mlflow {
    Mlflow::new(&server.uri).unwrap()
}

const KILLED: &str = "PROTEA_TEST_MLFLOW_KILLED";

/// The child process of the test below. Logs until it is killed.
#[test]
fn child_that_logs() {
    let Ok(place) = std::env::var(KILLED) else {
        return;
    };
    let (uri, directory) = place.split_once(' ').unwrap();
    let mlflow = Arc::new(Mlflow::new(uri).unwrap());
    let feeder = Feeder::new();
    let tracker = LogFirst::new(Jsonl::new(directory).unwrap()).with_backend(mlflow, &feeder);
    let start = RunStart::new("killed")
        .with_id("killed")
        .with_project("killed");
    let run = tracker.start_run(start).unwrap();
    for step in 0.. {
        run.log_metrics(step, [("loss", 0.5)]).unwrap();
        std::thread::sleep(Duration::from_micros(300));
    }
}

#[test]
fn a_killed_run_is_closed_with_each_point_once() {
    let Some(server) = Server::shared() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let log = Jsonl::new(directory.path()).unwrap();
    let path = log.log_path(&"killed".into());
    let place = format!("{} {}", server.uri, directory.path().display());
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outage::child_that_logs"])
        .env(KILLED, place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let taken = || {
        cursors(path.parent().unwrap().exists().then_some(&path)?)
            .ok()?
            .first()?
            .seq
    };
    while taken().is_none_or(|seq| seq < 100) {
        std::thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();

    assert_eq!(log.close_vanished().unwrap().len(), 1);
    let synced = sync_run(&path, Arc::new(tracker_of(server))).unwrap();
    let run = server.run(&synced.reference.unwrap().run_id);
    assert_eq!(run["info"]["status"], "KILLED");
    let events = LogReader::open(&path, 0).unwrap().rest().unwrap();
    let is_point = |event: &&RunEvent<'_>| matches!(event.kind, EventKind::Log { .. });
    let points = server.history(run["info"]["run_id"].as_str().unwrap(), "loss");
    let steps: Vec<u64> = points.iter().map(|(step, _, _)| *step).collect();
    let logged = events.iter().filter(is_point).count() as u64;
    assert_eq!(steps, (0..logged).collect::<Vec<u64>>());
}
