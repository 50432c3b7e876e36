//! A run that is at the server in part, and whose experiment, tag or local record somebody changed.

use std::{fs, path::PathBuf, sync::Arc};

use protea_tracking::{
    IfMissing, Jsonl, Mlflow, Run, RunStart, RunStatus, Tracker, TrackerError, recover_run,
    sync_run,
};
use serde_json::{Value, json};

use crate::{server::Server, stub::Stub, tracker};

/// A run of which the server has the first half, in an experiment of its own.
struct Half {
    server: &'static Server,
    _place: tempfile::TempDir,
    run: Option<Run>,
    start: RunStart,
    log: PathBuf,
    id: String,
    experiment: String,
}

const POINTS: u32 = 20;

impl Half {
    fn sent(project: &str) -> Option<Self> {
        let server = Server::shared()?;
        let place = tempfile::tempdir().unwrap();
        let jsonl = Jsonl::new(place.path()).unwrap();
        let start = RunStart::new("half")
            .with_project(project)
            .with_config("k", 5);
        let run = jsonl.start_run(start.clone()).unwrap();
        let log = jsonl.log_path(&start.run_id);
        let half = Self {
            server,
            _place: place,
            run: Some(run),
            start,
            log,
            id: String::new(),
            experiment: String::new(),
        };
        half.points(0, POINTS / 2);
        let id = half.sync().unwrap();
        let experiment = server.run(&id)["info"]["experiment_id"].clone();
        Some(Self {
            id,
            experiment: experiment.as_str().unwrap().to_owned(),
            ..half
        })
    }

    fn points(&self, from: u32, to: u32) {
        for step in from..to {
            let point = [("loss", f64::from(step))];
            let run = self.run.as_ref().unwrap();
            run.log_metrics(step.into(), point).unwrap();
        }
    }

    /// Another process sends the run. Returns MLflow's id of it.
    fn sync(&self) -> Result<String, TrackerError> {
        let synced = sync_run(&self.log, Arc::new(tracker(self.server)))?;
        assert!(synced.refused.is_empty(), "{synced:?}");
        Ok(synced.reference.unwrap().run_id)
    }

    fn rename(&self, name: &str) {
        let body = json!({ "experiment_id": self.experiment, "new_name": name });
        self.server.post("experiments/update", &body);
    }

    fn cursor(&self) -> PathBuf {
        self.log.with_file_name("mlflow.json")
    }

    /// The other half, and the end of the run.
    fn finish(&mut self) {
        self.points(POINTS / 2, POINTS);
        let run = self.run.take().unwrap();
        run.finish(RunStatus::Finished).unwrap();
    }

    /// The server has the run once, in whatever experiment, with every point.
    fn assert_whole(&self, id: &str) {
        assert_eq!(id, self.id);
        let all = self
            .server
            .post("experiments/search", &json!({ "max_results": 1000 }));
        let ids: Vec<&Value> = all["experiments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|experiment| &experiment["experiment_id"])
            .collect();
        let filter = format!("tags.`protea.run_id` = '{}'", self.start.run_id);
        let body = json!({ "experiment_ids": ids, "filter": filter, "run_view_type": "ALL" });
        let found = self.server.post("runs/search", &body);
        assert_eq!(found["runs"].as_array().unwrap().len(), 1, "{found}");
        let run = self.server.run(id);
        assert_eq!(run["info"]["status"], "FINISHED", "{run}");
        assert_eq!(run["data"]["params"], json!([{ "key": "k", "value": "5" }]));
        let steps: Vec<u64> = self
            .server
            .history(id, "loss")
            .iter()
            .map(|(step, _, _)| *step)
            .collect();
        assert_eq!(steps, (0..u64::from(POINTS)).collect::<Vec<_>>());
    }
}

#[test]
fn a_renamed_experiment_keeps_its_run() {
    let Some(mut half) = Half::sent("renamed half") else {
        return;
    };
    half.rename("renamed half in the UI");
    half.finish();
    let id = half.sync().unwrap();
    half.assert_whole(&id);
    // A process that has no record of it finds it by its tag. No experiment of the old name is made.
    fs::remove_file(half.cursor()).unwrap();
    let id = half.sync().unwrap();
    half.assert_whole(&id);
    let all = half
        .server
        .post("experiments/search", &json!({ "max_results": 1000 }));
    assert!(!all.to_string().contains("\"renamed half\""), "{all}");
}

#[test]
fn a_run_without_its_tag_is_found_by_its_id() {
    let Some(mut half) = Half::sent("tag removed") else {
        return;
    };
    let tag = json!({ "run_id": half.id, "key": "protea.run_id" });
    half.server.post("runs/delete-tag", &tag);
    half.rename("tag removed and renamed");
    half.finish();
    // The tag is there again, so that a search finds the run.
    let id = half.sync().unwrap();
    half.assert_whole(&id);
}

#[test]
fn a_remembered_id_of_another_run_or_of_none_is_not_used() {
    let Some(mut half) = Half::sent("wrong id") else {
        return;
    };
    let Some(other) = Half::sent("wrong id, other") else {
        return;
    };
    half.finish();
    for wrong in [&*other.id, "0123456789abcdef0123456789abcdef", "no/id"] {
        let mut cursor: Value = serde_json::from_slice(&fs::read(half.cursor()).unwrap()).unwrap();
        cursor["reference"]["run_id"] = wrong.into();
        (cursor["seq"], cursor["offset"]) = (Value::Null, 0.into());
        fs::write(half.cursor(), cursor.to_string()).unwrap();
        let id = half.sync().unwrap();
        half.assert_whole(&id);
    }
    assert_eq!(half.server.history(&other.id, "loss").len(), 10);
}

#[test]
fn a_deleted_run_is_refused_also_by_its_id() {
    let Some(mut half) = Half::sent("deleted half") else {
        return;
    };
    half.finish();
    let run = json!({ "run_id": half.id });
    half.server.post("runs/delete", &run);
    let error = half.sync().unwrap_err();
    let remedy = format!("mlflow runs restore --run-id {}", half.id);
    assert!(error.to_string().contains(&remedy), "{error}");
    half.server.post("runs/restore", &run);
    let experiment = json!({ "experiment_id": half.experiment });
    half.server.post("experiments/delete", &experiment);
    let error = half.sync().unwrap_err();
    let remedy = format!(
        "mlflow experiments restore --experiment-id {}",
        half.experiment
    );
    assert!(error.to_string().contains(&remedy), "{error}");
    half.server.post("experiments/restore", &experiment);
    let id = half.sync().unwrap();
    half.assert_whole(&id);
}

#[test]
fn a_run_with_an_unreadable_cursor_is_searched_for() {
    let Some(mut half) = Half::sent("unreadable") else {
        return;
    };
    half.finish();
    half.rename("unreadable and renamed");
    for damaged in ["", "garbage", "{\"backend\":5}"] {
        fs::write(half.cursor(), damaged).unwrap();
        let error = half.sync().unwrap_err();
        assert!(matches!(error, TrackerError::Read { .. }), "{error}");
        let mlflow = Arc::new(tracker(half.server));
        let recovered = recover_run(&half.log, mlflow, IfMissing::Refuse).unwrap();
        half.assert_whole(&recovered.reference.unwrap().run_id);
    }
}

#[test]
fn a_run_that_the_server_lacks_is_sent_only_on_request() {
    let Some(server) = Server::shared() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let jsonl = Jsonl::new(place.path()).unwrap();
    let start = RunStart::new("never sent").with_project("never sent");
    let run = jsonl.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let log = jsonl.log_path(&start.run_id);
    let cursor = log.with_file_name("mlflow.json");
    fs::write(&cursor, "").unwrap();
    let recover = |if_missing| recover_run(&log, Arc::new(tracker(server)), if_missing);
    let error = recover(IfMissing::Refuse).unwrap_err();
    assert!(
        matches!(error, TrackerError::UnknownProgress { .. }),
        "{error}"
    );
    assert_eq!(fs::read(&cursor).unwrap(), b"");
    let sent = recover(IfMissing::Send).unwrap();
    assert_eq!(
        server
            .history(&sent.reference.unwrap().run_id, "loss")
            .len(),
        1
    );
}

#[test]
fn what_the_server_quotes_is_kept_without_credentials() {
    const PASSWORD: &str = "qu0ted-passw0rd";
    // The answers quote the request; the first ones are good.
    let stub = Stub::new(|request| {
        let header = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        let quoted = format!(
            "you sent Authorization: {header} ({}) and me:{PASSWORD} to http://me:{PASSWORD}@h/p?sig=1",
            header.trim_start_matches("Basic ")
        );
        let run = json!({ "info": { "run_id": "r1", "experiment_id": "1" }, "data": {} });
        if request.is("log-batch") {
            let body = json!({ "error_code": "INVALID_PARAMETER_VALUE", "message": quoted });
            (400, "", body.to_string())
        } else if request.is("get-by-name") {
            (
                200,
                "",
                json!({ "experiment": { "experiment_id": "1", "name": "x" } }).to_string(),
            )
        } else if request.is("runs/create") {
            (200, "", json!({ "run": run }).to_string())
        } else {
            (200, "", "{}".to_owned())
        }
    });
    let place = tempfile::tempdir().unwrap();
    let jsonl = Jsonl::new(place.path()).unwrap();
    let start = RunStart::new("quoted").with_project("x");
    let run = jsonl.start_run(start.clone()).unwrap();
    run.log_metrics(0, [("loss", 1.0)]).unwrap();
    run.finish(RunStatus::Finished).unwrap();
    let log = jsonl.log_path(&start.run_id);
    let mlflow = Mlflow::new(&stub.uri).unwrap();
    let mlflow = mlflow.with_basic_auth("me", PASSWORD).unwrap();
    let synced = sync_run(&log, Arc::new(mlflow)).unwrap();
    let kept = fs::read_to_string(log.with_file_name("mlflow.json")).unwrap();
    let base64 = "bWU6cXUwdGVkLXBhc3N3MHJk";
    let sent = stub.requests();
    let sent = sent
        .iter()
        .filter_map(|request| request.header("authorization"));
    assert!(
        sent.into_iter()
            .all(|header| header == format!("Basic {base64}"))
    );
    for text in [format!("{synced:?}"), kept] {
        assert!(text.contains("you sent Authorization: *** (***)"), "{text}");
        assert!(!text.contains(PASSWORD) && !text.contains(base64), "{text}");
        assert!(!text.contains("sig=1"), "{text}");
    }
}
