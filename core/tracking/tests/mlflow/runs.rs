//! Runs on a real server, also as MLflow's own client reads them.

use std::{fs, path::Path, sync::Arc};

use protea_tracking::{
    DatasetInput, EventKind, RunStart, RunStatus, Tags, Tracker, testkit::TrackerSuite,
};
use serde_json::{Value, json};

use crate::{events, finish, log, send, server::Server, tracker};

/// MLflow's id of a run.
pub fn id_of(server: &Server, start: &RunStart) -> String {
    let project = start.project.as_deref().unwrap_or("Default");
    let found = server.get("experiments/get-by-name", &[("experiment_name", project)]);
    let found = server.post(
        "runs/search",
        &json!({
            "experiment_ids": [found["experiment"]["experiment_id"]],
            "filter": format!("tags.`protea.run_id` = '{}'", start.run_id),
        }),
    );
    assert_eq!(found["runs"].as_array().unwrap().len(), 1);
    found["runs"][0]["info"]["run_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn mlflow_passes_the_test_kit() {
    let Some(server) = Server::shared() else {
        return;
    };
    TrackerSuite::new(move |_| Arc::new(tracker(server)))
        .with_point_reader(move |_, start, metric| {
            // The server returns an infinity as the largest number.
            let points = server.history(&id_of(server, start), metric);
            points
                .into_iter()
                .map(|(step, _, value)| (step, value))
                .collect()
        })
        .run();
}

#[test]
fn datasets_are_inputs_of_the_run_and_are_there_once() {
    let Some(server) = Server::shared() else {
        return;
    };
    let digest = "0123456789abcdef".repeat(4);
    let train = DatasetInput::new("A-train", &digest, "file:///data/a/train")
        .with_context("training")
        .with_profile("proteins", 300);
    let eval = DatasetInput::new("A-test", "ffff", "s3://lab/a/test").with_context("evaluation");
    let start = RunStart::new("knn on A")
        .with_project("inputs")
        .with_input(train)
        .with_input(eval);
    let mut first = tracker(server).open_run(&start).unwrap();
    let events = events(&start, vec![log(0, "loss", 0.5)]);
    first.apply(&events).unwrap();
    // A process that was killed sends the same events again.
    let mut again = tracker(server).open_run(&start).unwrap();
    again.apply(&events).unwrap();
    let run = server.run(&id_of(server, &start));
    let inputs = run["inputs"]["dataset_inputs"].as_array().unwrap();
    assert_eq!(inputs.len(), 2, "{run}");
    let found = |name: &str| {
        let mut inputs = inputs.iter();
        let input = inputs
            .find(|input| input["dataset"]["name"] == name)
            .unwrap();
        let tags = input["tags"].as_array().unwrap();
        let tag = |key: &str| {
            let tag = tags.iter().find(|tag| tag["key"] == key).unwrap();
            tag["value"].as_str().unwrap().to_owned()
        };
        let context = tag("mlflow.data.context");
        (input["dataset"].clone(), context, tag("protea.digest"))
    };
    let (train, context, whole) = found("A-train");
    assert_eq!((&*context, &*whole), ("training", &*digest));
    assert_eq!(train["digest"], digest[..32]);
    assert_eq!(train["source_type"], "local");
    assert_eq!(train["source"], r#"{"uri":"/data/a/train"}"#);
    assert_eq!(train["profile"], r#"{"proteins":300}"#);
    let (eval, context, _) = found("A-test");
    assert_eq!(
        (&*context, eval["source_type"].as_str()),
        ("evaluation", Some("s3"))
    );
}

#[test]
fn the_official_client_reads_what_was_logged() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let place = tempfile::tempdir().unwrap();
    let table: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    fs::create_dir_all(place.path().join("model/deep")).unwrap();
    fs::write(place.path().join("table.bin"), &table).unwrap();
    fs::write(place.path().join("model/model.json"), b"{}").unwrap();
    fs::write(place.path().join("model/deep/empty"), b"").unwrap();

    let start = RunStart::new("knn on A")
        .with_project("read back")
        .with_group("H012/E018/full")
        .with_kind("training")
        .with_notes("a *note*")
        .with_config("k", 5)
        .with_config("weights", json!({ "mfo": 0.5, "list": [1, "two"] }))
        .with_tag("dataset", "A")
        .with_tag("git.commit", "0123abc");
    let parent = tracker.start_run(start.clone()).unwrap();
    let child = tracker.start_run(parent.child("knn on A/fit")).unwrap();
    let second = tracker
        .start_run(parent.child("knn on A/evaluate"))
        .unwrap();
    parent
        .log_metrics(0, [("loss", 0.5), ("MFO/fmax", 0.1)])
        .unwrap();
    parent
        .log_metrics(1, [("loss", f64::NAN), ("gain", f64::INFINITY)])
        .unwrap();
    parent
        .log_metrics(7, [("loss", -1e-300), ("gain", f64::NEG_INFINITY)])
        .unwrap();
    parent
        .log_artifact(&place.path().join("table.bin"), "tables/größe 1.bin")
        .unwrap();
    parent
        .log_model(&place.path().join("model"), "neighbours")
        .unwrap();
    parent
        .set_tags(Tags::from([("dataset".to_owned(), "B".to_owned())]))
        .unwrap();
    child.finish(RunStatus::Finished).unwrap();
    second.fail("no such protein: P12345").unwrap();
    let id = parent.reference().run_id.clone();
    let child_of = |name: &str| {
        server.post("runs/search", &json!({
        "experiment_ids": [server.run(&id)["info"]["experiment_id"]],
        "filter": format!("tags.`mlflow.parentRunId` = '{id}' AND attributes.run_name = '{name}'"),
    }))["runs"][0].clone()
    };
    parent.finish(RunStatus::Finished).unwrap();

    let read = server.as_the_client_reads_it(&id, place.path());
    assert_eq!(read["name"], "knn on A");
    assert_eq!(read["experiment"], "read back");
    assert_eq!(read["status"], "FINISHED");
    assert_eq!(read["start_time"], start.started.as_millisecond());
    assert!(read["end_time"].as_i64() >= read["start_time"].as_i64());
    let params = json!({ "k": "5", "weights.mfo": "0.5", "weights.list": "[1,\"two\"]" });
    assert_eq!(read["params"], params);
    let tags = [
        ("dataset", "B"),
        ("protea.run_id", &*start.run_id),
        ("protea.group", "H012/E018/full"),
        ("protea.kind", "training"),
        ("mlflow.note.content", "a *note*"),
        ("mlflow.source.git.commit", "0123abc"),
        ("mlflow.source.type", "LOCAL"),
    ];
    for (name, value) in tags {
        assert_eq!(read["tags"][name], value, "{name}");
    }
    let values = |metric: &str| -> Vec<Value> {
        let points = read["history"][metric].as_array().unwrap();
        points
            .iter()
            .map(|point| json!([point[0], point[2]]))
            .collect()
    };
    assert_eq!(
        values("loss"),
        [json!([0, "0.5"]), json!([1, "nan"]), json!([7, "-1e-300"])]
    );
    let largest = "1.7976931348623157e+308";
    assert_eq!(
        values("gain"),
        [json!([1, largest]), json!([7, format!("-{largest}")])]
    );
    assert_eq!(values("MFO/fmax"), [json!([0, "0.1"])]);
    assert_eq!(
        read["children"],
        json!(["knn on A/fit", "knn on A/evaluate"])
    );
    assert_eq!(read["models"].as_array().unwrap().len(), 1);
    assert_eq!(read["models"][0]["name"], "neighbours");
    assert_eq!(read["models"][0]["status"], "READY");
    assert_eq!(
        fs::read(place.path().join("run/tables/größe 1.bin")).unwrap(),
        table
    );
    let model = Path::new(read["models"][0]["files"].as_str().unwrap());
    assert_eq!(fs::read(model.join("model.json")).unwrap(), b"{}");
    assert_eq!(fs::read(model.join("deep/empty")).unwrap(), b"");

    let failed = child_of("knn on A/evaluate");
    assert_eq!(failed["info"]["status"], "FAILED");
    let tags = failed["data"]["tags"].as_array().unwrap();
    assert!(tags.contains(&json!({ "key": "protea.error", "value": "no such protein: P12345" })));
}

#[test]
fn every_status_arrives_with_its_time() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    for (status, name) in [
        (RunStatus::Finished, "FINISHED"),
        (RunStatus::Failed, "FAILED"),
        (RunStatus::Killed, "KILLED"),
    ] {
        let start = RunStart::new(name).with_project("statuses");
        let open = events(&start, []);
        let id = send(&tracker, &start, &open).run_id;
        let info = server.run(&id)["info"].clone();
        assert_eq!(info["status"], "RUNNING");
        assert!(info["end_time"].as_i64().is_none_or(|end| end == 0));
        let end = EventKind::Finish {
            status,
            error: None,
        };
        let all = events(&start, [end]);
        send(&tracker, &start, &all);
        let info = server.run(&id)["info"].clone();
        assert_eq!(info["status"], name);
        assert_eq!(info["end_time"], all[1].time.as_millisecond());
    }
}

#[test]
fn large_batches_sent_repeatedly_arrive_once() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let mut start = RunStart::new("many").with_project("many");
    for index in 0..300 {
        start = start.with_config(format!("param {index}"), "\u{1}€".repeat(1500));
        start = start.with_tag(format!("tag {index}"), "x");
    }
    let points = (0..2500_u32).flat_map(|step| {
        let value = f64::from(step);
        [
            log(step.into(), "loss", value),
            log(step.into(), "nan", f64::NAN),
        ]
    });
    let events = events(
        &start,
        points.chain([log(0, "inf", f64::INFINITY), finish()]),
    );
    let id = send(&tracker, &start, &events).run_id;
    // Repeated with other batches, as after a crash.
    assert_eq!(send(&tracker, &start, &events).run_id, id);
    let mut sink = self::tracker(server).open_run(&start).unwrap();
    events
        .chunks(777)
        .for_each(|events| sink.apply(events).unwrap());

    let run = server.run(&id);
    let count = |kind: &str| run["data"][kind].as_array().unwrap().len();
    assert_eq!(count("params"), 300);
    let ours = |tag: &&Value| tag["key"].as_str().unwrap().starts_with("tag ");
    assert_eq!(
        run["data"]["tags"]
            .as_array()
            .unwrap()
            .iter()
            .filter(ours)
            .count(),
        300
    );
    let loss = server.history(&id, "loss");
    let expected: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Log { step, metrics } if metrics[0].name == "loss" => {
                Some((*step, event.time.as_millisecond(), metrics[0].value))
            }
            _ => None,
        })
        .collect();
    assert_eq!(loss, expected);
    assert_eq!(server.history(&id, "nan").len(), 2500);
    assert!(
        server
            .history(&id, "nan")
            .iter()
            .all(|(_, _, value)| value.is_nan())
    );
    assert_eq!(server.history(&id, "inf").len(), 1);
    assert_eq!(run["info"]["status"], "FINISHED");
}
