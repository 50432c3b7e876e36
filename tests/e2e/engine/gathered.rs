//! What is gathered is what would have been done here.

use protea_e2e::Ran;
use serde_json::Value;

use super::{
    records::{normal, same, same_records},
    setup::{Planned, SEARCH},
};

#[test]
fn a_search_by_tasks_is_the_local_search() {
    let planned = Planned::new();
    let local = planned
        .protea(&format!("{SEARCH} --workspace local"))
        .json();
    let tasks = planned.plan();
    assert_eq!(tasks, 12);
    assert!(!planned.place.join("w").exists(), "a plan runs nothing");
    let gather = || planned.protea("gather plan --json --quiet");
    gather().fails_with(75, &["12 of 12 tasks have no result"]);
    let failing = planned.task_with_x(|x| x > 0.9);
    for index in (0..tasks).rev() {
        let ran = planned.task(index, "");
        let task = planned.task_line(index);
        let fails = task["spec"]["x"].as_f64().unwrap() > 0.9;
        assert_eq!(ran.code, Some(if fails { 65 } else { 0 }), "{ran:?}");
    }
    // A second worker adds nothing.
    let published = planned.names("results");
    planned.task(0, "").succeeds();
    planned.task(failing, "").fails_with(65, &["failed before"]);
    assert_eq!(planned.names("results"), published);
    assert_eq!(planned.names("work"), [""; 0]);
    assert_eq!(planned.names("claims"), [""; 0]);

    let first = gather();
    same(&local, &first.json(), &planned.place);
    let again = gather();
    assert_eq!(
        again.stdout, first.stdout,
        "gathering twice records nothing more"
    );
    same_records(&planned.place);
    // Each child names the run that was gathered.
    let runs = planned
        .protea("runs list --workspace w --json --quiet")
        .json();
    let parent = first.json()["run_id"].clone();
    let children = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["parent"] == parent);
    assert_eq!(children.count(), tasks, "{runs}");
}

#[test]
fn what_was_done_is_gathered_in_part() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    planned.task(well, "").succeeds();
    let part = planned
        .protea("gather plan --partial --json --quiet")
        .json();
    assert_eq!(part["best"]["number"], well);
    let missing = part["tasks"].as_array().unwrap();
    assert_eq!(
        (missing.len(), missing[0]["reason"].as_str()),
        (11, Some("it was not done yet"))
    );
    // The rest, packed.
    for index in 0..3 {
        planned.task(index, "--per-index 5");
    }
    let whole = planned.protea("gather plan --json --quiet").json();
    let local = planned
        .protea(&format!("{SEARCH} --workspace local"))
        .json();
    assert_eq!(
        normal(local)["trials"][3]["score"],
        normal(whole.clone())["trials"][3]["score"]
    );
    assert_eq!(
        whole["best"]["number"],
        planned.protea("gather plan --json").json()["best"]["number"]
    );
    planned
        .task(3, "--per-index 5")
        .fails_with(65, &["no task 15", "0 to 11"]);
}

#[test]
fn every_planned_command_is_its_local_self() {
    for (command, tasks) in [
        ("cv knn --folds 3 --jobs 2 --json --quiet", 3),
        ("run knn --set k=3 --json --quiet", 1),
        ("run toy --no-export --json --quiet", 1),
        (
            "search knn --tpe 13 --space k=1..30 --metric MFO.fmax --json --quiet",
            13,
        ),
    ] {
        let planned = Planned::new();
        let local = planned
            .protea(&format!("{command} --workspace local"))
            .json();
        let engine = format!("{command} --workspace w --plan plan --engine local");
        let gathered = planned.protea(&engine);
        let mut json = gathered.json();
        let mut local = local;
        for value in [&mut json, &mut local] {
            // The folds are datasets of the workspace.
            if let Value::Object(object) = value {
                object.remove("datasets");
                object.remove("folds");
            }
        }
        if command.starts_with("cv") {
            assert_eq!(normal(local)["metrics"], normal(json)["metrics"]);
        } else {
            same(&local, &json, &planned.place);
        }
        assert_eq!(planned.names("results").len(), tasks, "{command}");
    }
}

#[test]
fn a_benchmark_by_tasks_scores_the_same() {
    let planned = Planned::new();
    let command = "benchmark --runners naive,knn,knn@again,toy --bootstrap 20 --json --quiet";
    let local = planned
        .protea(&format!("{command} --workspace local"))
        .json();
    let engine = format!("{command} --workspace w --plan plan --engine local --jobs 2");
    let gathered = planned.protea(&engine).json();
    assert_eq!(normal(local)["rows"], normal(gathered)["rows"]);
    // Two contenders with the same settings are two tasks.
    assert_eq!(planned.names("results").len(), 4);
}

#[test]
fn a_generation_is_planned_when_the_one_before_has_results() {
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --tpe 15 --space x=0.0..0.8 --space n=1..20 \
                  --json --quiet";
    let local = planned
        .protea(&format!("{search} --workspace local"))
        .json();
    let plan = || {
        planned
            .protea(&format!("{search} --workspace w --plan plan"))
            .json()
    };
    assert_eq!(
        (plan()["tasks"].clone(), plan()["total"].clone()),
        (10.into(), 15.into())
    );
    planned.task(0, "--per-index 10").succeeds();
    let gather = || -> Ran { planned.protea("gather plan --json --quiet") };
    gather().fails_with(75, &["4 tasks were added", "N from 10 to 13"]);
    planned.task(10, "").succeeds();
    gather().fails_with(75, &["3 of 14 tasks have no result"]);
    for index in 11..14 {
        planned.task(index, "").succeeds();
    }
    // Planning again does the same as gathering.
    assert_eq!(plan()["tasks"], 15);
    planned.task(14, "").succeeds();
    same(&local, &gather().json(), &planned.place);
}

#[test]
fn runs_of_the_workspace_are_not_planned_again() {
    let planned = Planned::new();
    planned
        .protea("run knn --set k=3 --workspace w --quiet")
        .succeeds();
    planned
        .protea("run knn --set k=3 --workspace local --quiet")
        .succeeds();
    let search = "search knn --grid k=1,3,5 --json --quiet";
    let local = planned
        .protea(&format!("{search} --workspace local"))
        .json();
    let plan = planned
        .protea(&format!("{search} --workspace w --plan plan"))
        .json();
    assert_eq!(
        (plan["tasks"].clone(), plan["reused"].clone()),
        (2.into(), 1.into())
    );
    for index in 0..2 {
        planned.task(index, "--scratch .").succeeds();
    }
    let gathered = planned.protea("gather plan --json --quiet").json();
    assert_eq!(gathered["taken_over"], 1);
    same(&local, &gathered, &planned.place);
}

#[test]
fn trackers_get_the_runs_afterwards() {
    let planned = Planned::new();
    let search = "search knn --grid k=1,3 --track wandb --project p --json --quiet --workspace w";
    let ran = planned.protea(&format!("{search} --plan plan --engine local"));
    ran.succeeds();
    let sync = planned
        .protea("sync-offline --dry-run --json --workspace w")
        .json();
    // The search and its two trials.
    assert_eq!(sync["runs"].as_array().unwrap().len(), 3, "{sync}");
}
