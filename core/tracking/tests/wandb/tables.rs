//! Tables, as the official client uploads them.

use std::fs;

use protea_tracking::{Artifact, EventKind, RunStatus};
use serde_json::{Value, json};

use crate::{
    events::{events, feed, finish, log},
    official::uploaded,
    server::{Server, interpreter},
};

#[test]
fn tables_of_precision_and_recall_are_in_the_summary() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let path = directory.join("predictions");
    fs::create_dir(&path).unwrap();
    let table = "ns\ttau\tpr\trc\nmfo\t0.1\t0.5\t1\nbpo\t0.2\tnan\t0.25\n";
    fs::write(path.join("evaluation_all.tsv"), table).unwrap();
    fs::write(path.join("predictions.tsv"), "P1\tGO:1\t0.5\n").unwrap();
    let artifact = EventKind::LogArtifact(Artifact {
        path,
        name: "predictions".to_owned(),
    });
    let kinds = vec![
        log(0, &[("loss", 0.5)]),
        artifact,
        finish(RunStatus::Finished, None),
    ];
    let events = events(kinds);
    // In two parts, as by two processes: the content does not depend on it.
    feed(directory, &events[..2]);
    feed(directory, &events);
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let state = server.state();
    let entry = &state["summary"]["predictions/evaluation_all"];
    assert_eq!(entry["_type"], "table-file", "{}", state["summary"]);
    assert_eq!((&entry["ncols"], &entry["nrows"]), (&json!(4), &json!(2)));
    let content = state["files"][entry["path"].as_str().unwrap()].as_str();
    let content = content.unwrap_or_else(|| panic!("{}", state["files"]));
    assert_eq!(entry["size"], content.len());
    let content: Value = serde_json::from_str(content).unwrap();
    assert_eq!(
        content,
        json!({
            "columns": ["ns", "tau", "pr", "rc"],
            "data": [["mfo", 0.1, 0.5, 1.0], ["bpo", 0.2, "nan", 0.25]],
        })
    );
    assert_eq!(state["summary"]["loss"], 0.5);
    assert_eq!(state["summary"]["protea_run"]["status"], "finished");
}
