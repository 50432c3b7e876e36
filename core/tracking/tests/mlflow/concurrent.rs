//! Several processes that open the same run or experiment at the same time.

use std::{process::Command, sync::Barrier, thread, time::Duration};

use protea_tracking::{RunStart, RunStatus, Tracker};

use crate::{runs::id_of, server::Server, tracker};

/// Without the lock of a feeder: four programs open a run with the same id at the same time.
#[test]
fn a_run_created_concurrently_is_there_once() {
    let Some(server) = Server::shared() else {
        return;
    };
    for round in 0..5 {
        let start = RunStart::new("at once").with_id(format!("at-once-{round}"));
        let begin = Barrier::new(4);
        let ids: Vec<String> = thread::scope(|scope| {
            let openers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        // Each has its own cache, like a process. The time to resolve conflicts is
                        // a sixth of the time limit.
                        let tracker = tracker(server).with_timeout(Duration::from_secs(60));
                        begin.wait();
                        loop {
                            match tracker.open_run(&start) {
                                // As a feeder does.
                                Err(error) if error.is_temporary() => {}
                                result => return result.unwrap().reference().run_id,
                            }
                        }
                    })
                })
                .collect();
            openers
                .into_iter()
                .map(|opener| opener.join().unwrap())
                .collect()
        });
        // One run is not deleted, and all have that one.
        let id = id_of(server, &start);
        assert!(ids.iter().all(|other| *other == id), "{ids:?}");
    }
}

/// The child process of the test below.
#[test]
fn child_that_creates_experiments() {
    let Ok(uri) = std::env::var("PROTEA_TEST_RACE_URI") else {
        return;
    };
    let names = (0..5).map(|index| format!("race {index}"));
    for name in names {
        let start = RunStart::new("racer").with_project(&*name);
        let tracker = protea_tracking::Mlflow::new(&uri)
            .unwrap()
            .with_timeout(Duration::from_secs(600));
        tracker
            .start_run(start)
            .unwrap()
            .finish(RunStatus::Finished)
            .unwrap();
    }
}

#[test]
fn processes_can_create_an_experiment_concurrently() {
    let Some(server) = Server::shared() else {
        return;
    };
    let race = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "concurrent::child_that_creates_experiments"])
            .env("PROTEA_TEST_RACE_URI", &server.uri)
            .output()
    };
    let outputs = thread::scope(|scope| {
        [0; 3]
            .map(|_| scope.spawn(race))
            .map(|racer| racer.join().unwrap().unwrap())
    });
    for output in outputs {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let tracker = tracker(server);
    for index in 0..5 {
        let project = Some(format!("race {index}"));
        let query = protea_tracking::RunQuery {
            project,
            ..Default::default()
        };
        assert_eq!(tracker.list_runs(&query).unwrap().runs.len(), 3);
    }
}
