//! `protea runs rm` and `gc`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::runs::Workspace;

const A: &str = "20261121T100000Z-knn-00000a";
const SEARCH: &str = "20261121T100001Z-knn-00000b";
const TRIAL: &str = "20261121T100002Z-knn-00000c";
const OTHER: &str = "20261121T100003Z-knn-00000d";

fn scored(fmax: f64) -> Value {
    let eval = json!({ "name": "e", "uri": "file:///e", "sha256": "aaaa" });
    json!({ "metrics": { "MFO": { "fmax": fmax } }, "datasets": { "eval": eval } })
}

fn merged(mut fields: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    fields.as_object_mut().unwrap().extend(more);
    fields
}

/// A run, a search with one trial, and another run.
pub fn filled() -> Workspace {
    let workspace = Workspace::new();
    workspace.run(A, 0, scored(0.5));
    workspace.run(
        SEARCH,
        1,
        json!({ "pipeline": "experiment", "name": "search" }),
    );
    workspace.run(TRIAL, 2, merged(scored(0.9), json!({ "parent": SEARCH })));
    workspace.run(OTHER, 3, scored(0.7));
    workspace
}

fn listed(workspace: &Workspace) -> Vec<String> {
    let list = workspace.0.run("runs list --json").ok().json();
    let runs = list["runs"].as_array().unwrap().iter();
    let mut ids: Vec<String> = runs
        .map(|run| run["run_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

/// An event log that a backend has up to this byte.
fn log(directory: &Path, run: &str, sent: u64) {
    let job = directory.ancestors().nth(3).unwrap();
    let log = job.join("tracker_log").join(run);
    fs::create_dir_all(&log).unwrap();
    let line = json!({
        "seq": 0, "time": "2026-11-21T10:00:00Z", "type": "start", "run_id": run, "name": "n",
        "config": {}, "tags": {},
    });
    fs::write(log.join("events.jsonl"), format!("{line}\n")).unwrap();
    let cursor = json!({ "backend": "mlflow", "offset": sent, "reference": null });
    fs::write(log.join("mlflow.json"), cursor.to_string()).unwrap();
}

#[test]
fn a_run_is_removed_with_its_children_after_a_confirmation() {
    let workspace = filled();
    let log = workspace.directory(SEARCH);
    let log = log
        .ancestors()
        .nth(3)
        .unwrap()
        .join("tracker_log")
        .join(SEARCH);
    fs::create_dir_all(&log).unwrap();
    let asked = workspace.0.run("runs rm 00000b");
    assert!(asked.error(2).contains("--yes"), "{asked:#?}");
    for part in [SEARCH, TRIAL, "2 runs, ", " kB"] {
        assert!(asked.stdout.contains(part), "{asked:#?}");
    }
    let dry = workspace
        .0
        .run("runs rm 00000b --dry-run --json")
        .ok()
        .json();
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["runs"][1]["with_parent"], SEARCH);
    assert!(dry["bytes"].as_u64().unwrap() > 0, "{dry}");
    assert_eq!(listed(&workspace).len(), 4);

    let removed = workspace.0.run("runs rm 00000b --yes --json").ok().json();
    assert_eq!(removed["runs"].as_array().unwrap().len(), 2, "{removed}");
    assert_eq!(listed(&workspace), [A, OTHER]);
    assert!(!log.exists());
    workspace.0.run("runs rm latest --yes").ok();
    assert_eq!(listed(&workspace), [A]);
    let unknown = workspace.0.run("runs rm 00000b --yes").error(3);
    assert!(unknown.contains("there is no run"), "{unknown}");
}

#[test]
fn what_something_needs_is_refused_with_the_reason() {
    let workspace = filled();
    let refused = |run: &str, part: &str| {
        let before = listed(&workspace);
        let refused = workspace.0.run(&format!("runs rm {run} --yes"));
        let error = refused.error(1);
        assert!(error.contains(part), "{part:?} is not in {error}");
        assert!(error.contains("nothing was removed"), "{error}");
        assert_eq!(listed(&workspace), before);
    };
    refused("00000c", &format!("part of the run {SEARCH}"));

    // Another run evaluated its model.
    let model = workspace.directory(A).join("model/model.json");
    let evaluation = "20261121T100005Z-knn-00000f";
    let model = format!("file://{}", model.display());
    workspace.run(evaluation, 5, json!({ "model_uri": model }));
    refused("00000a", &format!("the run {evaluation} refers to it"));
    // Together they can go; a mention in a note keeps no run.
    workspace.run(OTHER, 3, json!({ "notes": format!("compare with {A}") }));
    let plan = workspace
        .0
        .run("runs rm 00000a 00000f --dry-run --json")
        .ok()
        .json();
    assert_eq!(plan["kept"], json!([]), "{plan}");

    // A table of another search names the trial.
    let table = workspace.directory(OTHER).join("search.tsv");
    fs::write(&table, format!("trial\trun_id\n0\t{TRIAL}\n")).unwrap();
    refused(
        "00000b",
        &format!("its child run {TRIAL} has to stay: the run {OTHER}"),
    );
    fs::remove_file(table).unwrap();

    // An export elsewhere refers to files of the run; one that only says where it is from does not.
    let export = workspace.0.join("exported");
    fs::create_dir(&export).unwrap();
    let file = json!({
        "role": "model", "uri": format!("file://{}/model.json", export.display()),
        "sha256": "0".repeat(64), "bytes": 2,
    });
    let directory = workspace.directory(OTHER);
    let artifacts = json!({ "directory": directory, "export": [file] });
    workspace.run(OTHER, 3, json!({ "artifacts": artifacts }));
    fs::write(
        export.join("run.json"),
        json!({ "run_id": OTHER }).to_string(),
    )
    .unwrap();
    workspace.0.run("runs rm 00000d --dry-run").ok();
    let inside = json!({ "data": format!("{}/model/data", directory.display()) });
    fs::write(export.join("model.json"), inside.to_string()).unwrap();
    refused("00000d", "refers to its files");
}

#[test]
fn running_and_unsynced_runs_stay() {
    let workspace = filled();
    let directory = workspace.run(
        "20261121T100006Z-knn-000010",
        6,
        json!({ "status": "running", "finished": null, "parent": SEARCH }),
    );
    let error = workspace.0.run("runs rm 00000b --yes").error(1);
    assert!(error.contains("has to stay: it is running"), "{error}");
    fs::remove_dir_all(directory).unwrap();

    log(&workspace.directory(A), A, 0);
    let error = workspace.0.run("runs rm 00000a --yes").error(1);
    assert!(error.contains("mlflow"), "{error}");
    let gc = workspace
        .0
        .run("runs gc --older-than 1h --yes --json")
        .ok()
        .json();
    assert_eq!(gc["kept"][0]["run_id"], A, "{gc}");
    assert_eq!(listed(&workspace), [A]);
}

#[test]
fn gc_removes_what_meets_every_condition() {
    let workspace = filled();
    let planned = |options: &str| {
        let line = format!("runs gc --dry-run --json {options}");
        let plan = workspace.0.run(&line).ok().json();
        let runs = plan["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run_id"].as_str().unwrap()[21..].to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    workspace.run(
        "20261121T100004Z-knn-00000e",
        4,
        json!({ "status": "failed" }),
    );
    assert_eq!(planned(""), "");
    assert_eq!(planned("--failed"), "00000e");
    // The trial is the best, so its search stays too.
    assert_eq!(planned("--keep-best 1"), "00000d 00000a");
    assert_eq!(planned("--keep-best 2"), "00000a");
    assert_eq!(
        planned("--keep-best 1 --metric MFO.fmax:asc"),
        "00000d 00000b 00000c"
    );
    assert_eq!(planned("--keep-best 1 --older-than 9000w"), "");
    assert_eq!(planned("--older-than 1m --runner other"), "");
    workspace.0.run("runs tag 00000a --set keep").ok();
    assert_eq!(planned("--keep-best 1"), "00000d");
    let error = workspace
        .0
        .run("runs gc --keep-best 1 --metric nope --yes")
        .error(2);
    assert!(error.contains("no run has the metric \"nope\""), "{error}");
    let error = workspace.0.run("runs gc --older-than 30").error(2);
    assert!(error.contains("30d"), "{error}");
}

#[test]
fn gc_finishes_what_a_killed_removal_began() {
    let workspace = filled();
    let own = workspace.0.join("protea-workspace/.protea");
    let begun = |runs: Value| {
        fs::create_dir_all(own.join("removed")).unwrap();
        fs::write(
            own.join("removing.json"),
            json!({ "runs": runs }).to_string(),
        )
        .unwrap();
    };
    // Killed after the first of two directories was moved and before its event log was.
    let directory = workspace.directory(SEARCH);
    let log = directory
        .ancestors()
        .nth(3)
        .unwrap()
        .join("tracker_log")
        .join(SEARCH);
    fs::create_dir_all(&log).unwrap();
    begun(json!([SEARCH, TRIAL, "../../bin", ""]));
    fs::rename(&directory, own.join("removed").join(SEARCH)).unwrap();
    assert_eq!(listed(&workspace), [A, TRIAL, OTHER]);
    for command in ["runs show 00000c", "runs compare 00000c 00000d", "sync"] {
        workspace.0.run(command).ok();
    }
    let plan = workspace.0.run("runs gc --dry-run").ok().stdout;
    assert!(plan.contains("unfinished removals: 2 runs"), "{plan}");
    let finished = workspace.0.run("runs gc --json").ok().json();
    assert_eq!(
        finished["finished"].as_array().unwrap().len(),
        2,
        "{finished}"
    );
    assert_eq!(listed(&workspace), [A, OTHER]);
    assert!(!log.exists() && !own.join("removed").exists() && !own.join("removing.json").exists());
    assert!(workspace.0.join("bin/protea").exists());

    // Something began to need a run in the meantime: it stays.
    begun(json!([A]));
    fs::write(workspace.directory(OTHER).join("t.tsv"), A).unwrap();
    let kept = workspace.0.run("runs gc --json").ok().json();
    assert_eq!(kept["kept"][0]["run_id"], A, "{kept}");
    assert_eq!(listed(&workspace), [A, OTHER]);
}

#[test]
#[cfg(unix)]
fn nothing_outside_of_the_workspace_is_removed() {
    use std::os::unix::fs::symlink;

    let workspace = filled();
    let elsewhere = workspace.0.join("elsewhere");
    let directory = workspace.directory(A);
    fs::rename(&directory, &elsewhere).unwrap();
    symlink(&elsewhere, &directory).unwrap();
    let error = workspace.0.run("runs rm 00000a --yes").error(1);
    assert!(error.contains("is not in this workspace"), "{error}");
    assert!(elsewhere.join("run_manifest.json").exists());
    let error = workspace
        .0
        .run(&format!("runs rm {} --yes", elsewhere.display()))
        .error(3);
    assert!(error.contains("is not in the workspace"), "{error}");

    let own = workspace.0.join("protea-workspace/.protea");
    fs::create_dir_all(&own).unwrap();
    let precious = workspace.0.write("precious/file", "");
    symlink(precious.parent().unwrap(), own.join("removed")).unwrap();
    workspace.0.run("runs rm 00000d --yes").error(5);
    assert!(precious.exists());
    assert!(listed(&workspace).contains(&OTHER.to_owned()));
}
