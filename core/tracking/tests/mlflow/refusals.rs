//! What the server will never take, and what it only takes later.

use protea_tracking::{EventKind, RunStart, Tracker, TrackerError};
use serde_json::json;

use crate::{events, finish, log, send, server::Server, tracker};

fn params(value: serde_json::Value) -> EventKind<'static> {
    let params = value.as_object().cloned().unwrap();
    EventKind::LogParams { params }
}

#[test]
fn a_param_cannot_change_and_both_values_are_named() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let start = RunStart::new("params").project("refusals").config("k", 5);
    let events = events(
        &start,
        [
            params(json!({ "k": 5, "new": 1 })),
            params(json!({ "k": 7, "other": 2 })),
        ],
    );
    let mut sink = tracker.open_run(&start).unwrap();
    // In the same call, and after it is known to the server only.
    let mut errors = vec![sink.apply(&events).unwrap_err()];
    let mut again = self::tracker(server).open_run(&start).unwrap();
    errors.push(again.apply(&events[2..]).unwrap_err());
    for error in errors {
        assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("\"k\"") && text.contains("\"5\"") && text.contains("\"7\""),
            "{text}"
        );
    }
    let found = server.run(&again.reference().run_id)["data"]["params"].clone();
    let expected = [("k", "5"), ("new", "1"), ("other", "2")];
    for (key, value) in expected {
        assert!(
            found
                .as_array()
                .unwrap()
                .contains(&json!({ "key": key, "value": value })),
            "{found}"
        );
    }
}

#[test]
fn long_values_are_cut_and_say_so() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("long")
        .project("refusals")
        .config("long", "é".repeat(6001))
        .config("just", "é".repeat(6000))
        .notes("ü".repeat(9000))
        .tag("long", "ü".repeat(8001));
    let all = events(&start, [finish()]);
    let id = send(&tracker(server), &start, &all).run_id;
    // What was cut is the same when it comes again.
    send(&tracker(server), &start, &all);
    let data = server.run(&id)["data"].clone();
    let value = |kind: &str, key: &str| -> String {
        let items = data[kind].as_array().unwrap();
        let item = items.iter().find(|item| item["key"] == key).unwrap();
        item["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("params", "just"), "é".repeat(6000));
    for (text, most, of) in [
        (value("params", "long"), 6000, 6001),
        (value("tags", "long"), 8000, 8001),
        (value("tags", "mlflow.note.content"), 8000, 9000),
    ] {
        assert_eq!(text.chars().count(), most);
        assert!(
            text.ends_with(&format!(" … [cut: {of} characters]")),
            "{text}"
        );
    }
}

#[test]
fn a_step_that_the_server_would_lose_is_refused() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("steps").project("refusals");
    let largest = i64::MAX as u64;
    let mut sink = tracker(server).open_run(&start).unwrap();
    let events = events(
        &start,
        [log(largest, "last", 1.0), log(largest + 1, "beyond", 1.0)],
    );
    let error = sink.apply(&events).unwrap_err();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("9223372036854775808"), "{error}");
    let id = sink.reference().run_id;
    assert_eq!(server.history(&id, "last")[0].0, largest);
}

#[test]
fn a_deleted_experiment_says_how_to_get_it_back() {
    let Some(server) = Server::shared() else {
        return;
    };
    let made = server.post("experiments/create", &json!({ "name": "deleted" }));
    server.post("experiments/delete", &made);
    let tracker = tracker(server);
    let start = RunStart::new("x").project("deleted");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(matches!(error, TrackerError::TrackerInit { .. }), "{error}");
    assert!(
        error.to_string().contains("mlflow experiments restore"),
        "{error}"
    );
    server.post("experiments/restore", &made);
    send(&tracker, &start, &events(&start, [finish()]));
    // Deleted after this process saw it.
    server.post("experiments/delete", &made);
    let start = RunStart::new("y").project("deleted");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(
        error.to_string().contains("mlflow experiments restore"),
        "{error}"
    );
}

#[test]
fn a_deleted_run_is_not_made_again() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("deleted").project("refusals");
    let all = events(&start, [finish()]);
    let id = send(&tracker(server), &start, &all).run_id;
    server.post("runs/delete", &json!({ "run_id": id }));
    let error = tracker(server).open_run(&start).err().unwrap();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("mlflow runs restore --run-id {id}")),
        "{error}"
    );
    server.post("runs/restore", &json!({ "run_id": id }));
    assert_eq!(send(&tracker(server), &start, &all).run_id, id);
}

#[test]
fn a_child_may_come_before_its_parent() {
    let Some(server) = Server::shared() else {
        return;
    };
    let parent = RunStart::new("parent").project("late parents");
    let child = RunStart::new("child")
        .project("other project")
        .nested(&*parent.run_id);
    let child = send(&tracker(server), &child, &events(&child, [finish()]));
    let tags = server.run(&child.run_id)["data"]["tags"].to_string();
    assert!(!tags.contains("mlflow.parentRunId"), "{tags}");
    // Another process sends it.
    let parent = send(&tracker(server), &parent, &events(&parent, [finish()]));
    let tags = server.run(&child.run_id)["data"]["tags"].clone();
    let expected = json!({ "key": "mlflow.parentRunId", "value": parent.run_id });
    assert!(tags.as_array().unwrap().contains(&expected), "{tags}");
}
