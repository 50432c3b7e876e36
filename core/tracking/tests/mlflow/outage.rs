//! A server that goes away in the middle of a run.

use std::{sync::Arc, time::Duration};

use protea_tracking::{
    Feeder, Jsonl, LogFirst, Mlflow, RunStart, RunStatus, Tracker, cursors, sync_run,
};

use crate::server::Server;

#[test]
fn a_server_killed_in_the_middle_has_each_point_once_after_a_sync() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let log = Jsonl::new(directory.path()).unwrap();
    let mlflow = Mlflow::new(&server.uri).unwrap().connect().unwrap();
    let feeder = Feeder::new();
    let tracker = LogFirst::new(log.clone()).feeding(Arc::new(mlflow), &feeder);
    let run = tracker
        .start_run(RunStart::new("long").project("outage").config("k", 5))
        .unwrap();
    let path = log.log_of(run.id());
    let points = |from: u32, to: u32| {
        for step in from..to {
            let value = f64::from(step);
            run.log_metrics(step.into(), [("loss", value), ("nan", f64::NAN)])
                .unwrap();
        }
    };
    points(0, 2000);
    // Until it has the beginning, and is in the middle of the rest.
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
    let child_log = log.log_of(child.id());
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
    // The thread that fed it may still hold the lock for a moment.
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
