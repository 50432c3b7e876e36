//! Names and tags that MLflow does not accept, or reserves.

use protea_tracking::{EventKind, RunStart, Tags, Tracker};
use serde_json::Value;

use crate::{events, finish, log, send, server::Server, tracker};

#[test]
fn invalid_names_get_distinct_replacements_there() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let long = "x".repeat(251);
    let names = [
        "größe",
        "蛋白质",
        "a.b",
        "a b:c-d_e/f",
        "loss (val)",
        "loss [val]",
        "a//b",
        "/a",
        "a/",
        "../up",
        ".",
        "",
        "e\u{301}",
        "🧬",
        "a\nb",
        "a\n",
        &long,
        "²",
        "ʰ",
    ];
    let mut start = RunStart::new("näme 🧬".repeat(60)).with_project("Names & Ñandú/🧬 ?#%");
    for name in names {
        start = start.with_config(name, name).with_tag(name, name);
    }
    let metrics = names.map(|name| log(0, name.to_owned(), 1.0));
    let id = send(
        &tracker,
        &start,
        &events(&start, metrics.into_iter().chain([finish()])),
    )
    .run_id;
    let run = server.run(&id);
    let values = |kind: &str, of: &str| -> Vec<String> {
        let mut values: Vec<String> = run["data"][kind]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| {
                let key = item["key"].as_str().unwrap();
                !key.starts_with("protea.") && !key.starts_with("mlflow.")
            })
            .map(|item| item[of].as_str().unwrap().to_owned())
            .collect();
        values.sort();
        values
    };
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(values("params", "value"), sorted);
    assert_eq!(values("tags", "value"), sorted);
    assert_eq!(values("metrics", "key"), values("params", "key"));
    assert_eq!(values("metrics", "key"), values("tags", "key"));
    assert!(values("metrics", "key").contains(&"蛋白质".to_owned()));
    let query = protea_tracking::RunQuery {
        project: start.project.clone(),
        ..Default::default()
    };
    let listed = tracker.list_runs(&query).unwrap();
    assert_eq!(listed.runs[0].name, start.name, "a long name is whole");
}

#[test]
fn user_tags_do_not_replace_reserved_tags() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let start = RunStart::new("greedy")
        .with_project("greedy")
        .with_tag("protea.run_id", "another");
    let tags = Tags::from([("protea.group".to_owned(), "another".to_owned())]);
    let events = events(&start, [EventKind::SetTags { tags }]);
    let id = send(&tracker, &start, &events).run_id;
    assert_eq!(send(&self::tracker(server), &start, &events).run_id, id);
    let tags = server.run(&id)["data"]["tags"].clone();
    let another = |tag: &&Value| tag["value"] == "another";
    assert_eq!(tags.as_array().unwrap().iter().filter(another).count(), 2);
}
