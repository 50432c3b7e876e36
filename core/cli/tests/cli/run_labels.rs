//! `protea runs tag`, `note` and `export`.

use std::fs;

use serde_json::{Value, json};

use crate::housekeeping::filled;

const A: &str = "20261121T100000Z-knn-00000a";

#[test]
fn tags_and_notes_are_shown_filtered_by_and_survive() {
    let workspace = filled();
    let directory = workspace.run(A, 0, json!({ "tags": { "old": "1" }, "notes": "first" }));
    workspace
        .0
        .run("runs tag 00000a 00000d --set stage=paper --set seen --remove old")
        .ok();
    workspace.0.run("runs note 00000a second").ok();
    let shown = workspace.0.run("runs show 00000a").ok().stdout;
    assert!(shown.contains("seen, stage=paper"), "{shown}");
    assert!(
        shown.contains("second") && !shown.contains("first"),
        "{shown}"
    );
    let list = workspace.0.run("runs list").ok().stdout;
    assert!(
        list.contains("seen, stage=paper") && list.contains("second"),
        "{list}"
    );
    for (filter, count) in [
        ("--tag stage", 2),
        ("--tag stage=paper --tag seen", 2),
        ("--tag stage=draft", 0),
        ("--tag old", 0),
    ] {
        let list = workspace
            .0
            .run(&format!("runs list --json {filter}"))
            .ok()
            .json();
        assert_eq!(list["total"], count, "{filter}");
    }
    // An active run writes its manifest again.
    workspace.run(A, 0, json!({ "tags": { "old": "2" }, "notes": "first" }));
    let manifest = workspace.0.run("runs show 00000a --json").ok().json()["manifest"].clone();
    assert_eq!(manifest["tags"], json!({ "stage": "paper", "seen": "" }));
    assert_eq!(manifest["notes"], "second");
    workspace.0.run("runs note 00000a --clear").ok();
    let manifest = workspace.0.run("runs show 00000a --json").ok().json()["manifest"].clone();
    assert_eq!(manifest["notes"], Value::Null);

    assert!(
        workspace
            .0
            .run("runs tag 00000a")
            .error(2)
            .contains("--set")
    );
    assert!(
        workspace
            .0
            .run("runs tag 00000a --set =x")
            .error(2)
            .contains("no name")
    );
    fs::write(directory.join("run_labels.json"), "{").unwrap();
    let list = workspace.0.run("runs list").ok();
    assert!(list.stdout.contains(A), "{list:#?}");
    assert!(list.stderr.contains("tags and notes"), "{list:#?}");
    let error = workspace.0.run("runs show 00000a").error(3);
    assert!(error.contains("run_labels.json"), "{error}");
}

#[test]
fn runs_are_exported_as_csv_and_json() {
    let workspace = filled();
    workspace.0.run("runs tag 00000a --set stage=paper").ok();
    let mut note = workspace.0.command();
    note.args(["runs", "note", "00000a", "one, \"two\"\nthree"]);
    assert!(note.status().unwrap().success());
    let csv = workspace.0.run("runs export --format csv").ok().stdout;
    let headings: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    for heading in [
        "run_id",
        "spec.k",
        "spec.inner.metric",
        "metric.MFO.fmax",
        "tag.stage",
    ] {
        assert!(headings.contains(&heading), "{headings:?}");
    }
    assert!(csv.contains("\"one, \"\"two\"\"\nthree\""), "{csv}");
    let json = workspace
        .0
        .run("runs export --format json --tag stage")
        .ok()
        .json();
    assert_eq!(json[0]["run_id"], A);
    assert_eq!(json[0]["metrics"]["MFO"]["fmax"], 0.5);
    assert_eq!(json.as_array().unwrap().len(), 1);

    let line = "runs export --format csv --output runs.csv";
    workspace.0.run(line).ok();
    assert_eq!(
        fs::read_to_string(workspace.0.join("runs.csv")).unwrap(),
        csv
    );
    assert!(workspace.0.run(line).error(5).contains("exists"));
    workspace.0.run(&format!("{line} --force")).ok();
    let error = workspace.0.run("runs export --format parquet").error(2);
    assert!(error.contains("--output"), "{error}");
    let written = workspace
        .0
        .run("runs export --format parquet --output runs.parquet");
    if cfg!(feature = "parquet") {
        written.ok();
        assert!(
            fs::read(workspace.0.join("runs.parquet"))
                .unwrap()
                .starts_with(b"PAR1")
        );
    } else {
        assert!(written.error(1).contains("--features full"));
    }
}
