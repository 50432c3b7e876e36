//! What the server refuses, and what it accepts only later.

use protea_tracking::{EventKind, RunStart, Tracker, TrackerError};
use serde_json::json;

use crate::{events, finish, log, send, server::Server, tracker};

fn params(value: serde_json::Value) -> EventKind<'static> {
    let params = value.as_object().cloned().unwrap();
    EventKind::LogParams { params }
}

#[test]
fn changing_a_param_is_refused_with_both_values() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let start = RunStart::new("params")
        .with_project("refusals")
        .with_config("k", 5);
    let events = events(
        &start,
        [
            params(json!({ "k": 5, "new": 1 })),
            params(json!({ "k": 7, "other": 2 })),
        ],
    );
    let mut sink = tracker.open_run(&start).unwrap();
    // With both values in one call, and with the first value known to the server only.
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
fn long_values_are_shortened_with_a_mark() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("long")
        .with_project("refusals")
        .with_config("long", "é".repeat(6001))
        .with_config("just", "é".repeat(6000))
        .with_notes("ü".repeat(9000))
        .with_tag("long", "ü".repeat(8001));
    let all = events(&start, [finish()]);
    let id = send(&tracker(server), &start, &all).run_id;
    // Shortening gives the same value again, so that it does not count as a change.
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
fn a_step_beyond_the_servers_range_is_refused() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("steps").with_project("refusals");
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
fn a_deleted_experiment_is_an_error_with_a_remedy() {
    let Some(server) = Server::shared() else {
        return;
    };
    let made = server.post("experiments/create", &json!({ "name": "deleted" }));
    server.post("experiments/delete", &made);
    let tracker = tracker(server);
    let start = RunStart::new("x").with_project("deleted");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(matches!(error, TrackerError::TrackerInit { .. }), "{error}");
    assert!(
        error.to_string().contains("mlflow experiments restore"),
        "{error}"
    );
    server.post("experiments/restore", &made);
    send(&tracker, &start, &events(&start, [finish()]));
    // Deleted after this process has cached its id.
    server.post("experiments/delete", &made);
    let start = RunStart::new("y").with_project("deleted");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(matches!(error, TrackerError::Refused { .. }), "{error}");
    let error = tracker.open_run(&start).err().unwrap();
    assert!(
        error.to_string().contains("mlflow experiments restore"),
        "{error}"
    );
}

#[test]
fn a_deleted_run_is_not_created_again() {
    let Some(server) = Server::shared() else {
        return;
    };
    let start = RunStart::new("deleted").with_project("refusals");
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
fn a_child_can_be_sent_before_its_parent() {
    let Some(server) = Server::shared() else {
        return;
    };
    let parent = RunStart::new("parent").with_project("late parents");
    let child = RunStart::new("child")
        .with_project("other project")
        .with_parent(&*parent.run_id);
    let child = send(&tracker(server), &child, &events(&child, [finish()]));
    let tags = server.run(&child.run_id)["data"]["tags"].to_string();
    assert!(!tags.contains("mlflow.parentRunId"), "{tags}");
    // Another process sends the parent.
    let parent = send(&tracker(server), &parent, &events(&parent, [finish()]));
    let tags = server.run(&child.run_id)["data"]["tags"].clone();
    let expected = json!({ "key": "mlflow.parentRunId", "value": parent.run_id });
    assert!(tags.as_array().unwrap().contains(&expected), "{tags}");
}
