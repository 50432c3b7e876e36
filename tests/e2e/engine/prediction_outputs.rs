//! The files that gathering a prediction writes: its own ones are replaced, others are not.

use std::fs;

use serde_json::Value;

use super::{setup::Planned, tied::tied};

/// A plan of two parts of the queries, and `whole.tsv` without a plan.
fn halves(options: &str) -> Planned {
    let planned = tied();
    let run = planned.fit("knn --train train --set k=4");
    planned
        .protea(&format!(
            "predict {run} --dataset test -o whole.tsv --quiet"
        ))
        .succeeds();
    planned
        .protea(&format!(
            "predict {run} --dataset test {options} --plan plan --query-shards 2 --quiet"
        ))
        .succeeds();
    planned
}

#[test]
fn gathering_can_be_repeated_after_a_part_or_a_kill() {
    let planned = halves("-o p.tsv --unpredicted none.tsv");
    let read = |name: &str| fs::read_to_string(planned.place.join(name)).unwrap();
    planned.task(0, "").succeeds();
    for _ in 0..2 {
        planned.protea("gather plan --partial --quiet").succeeds();
        let part = read("p.tsv");
        assert!(read("whole.tsv").starts_with(&part) && !part.contains("test5\t"));
    }
    assert!(!planned.place.join("plan/gathered.json").exists());
    planned.task(1, "").succeeds();
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
    // Killed after the output was renamed: there is no report.
    fs::remove_file(planned.place.join("plan/gathered.json")).unwrap();
    for entry in fs::read_dir(planned.place.join("plan/outputs")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut output: Value = serde_json::from_str(&text).unwrap();
        output.as_object_mut().unwrap().remove("report");
        fs::write(&path, output.to_string()).unwrap();
    }
    fs::remove_file(planned.place.join("none.tsv")).unwrap();
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
    assert!(planned.place.join("none.tsv").exists());
    // Each output has its own entry.
    planned
        .protea("gather plan -o other.tsv --quiet")
        .succeeds();
    planned.same("whole.tsv", "other.tsv");
    let again = planned.protea("gather plan --quiet --json").json();
    assert!(again["output"].as_str().unwrap().ends_with("p.tsv"));
    // What somebody else wrote stays.
    fs::write(planned.place.join("p.tsv"), "mine").unwrap();
    planned
        .protea("gather plan --quiet")
        .fails_with(5, &["p.tsv exists"]);
    assert_eq!(read("p.tsv"), "mine");
    planned.protea("gather plan --force --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
}

#[test]
fn missing_tasks_are_not_among_the_predictions() {
    let planned = halves("");
    planned.task(0, "").succeeds();
    let part = planned.protea("gather plan --partial");
    part.succeeds();
    let whole = fs::read_to_string(planned.place.join("whole.tsv")).unwrap();
    assert!(whole.starts_with(&part.stdout) && part.stdout.contains("test0\t"));
    assert!(
        part.stderr.contains("1 task of 2 without a result"),
        "{part:?}"
    );
    assert!(part.stderr.contains("knn/predict/queries-5-11"), "{part:?}");
}

#[test]
fn a_task_that_failed_is_left_out_or_done_again() {
    let planned = halves("-o p.tsv");
    planned.task(0, "").succeeds();
    planned.task(1, "").succeeds();
    let result = planned.result_of("plan", 1);
    let failure = planned
        .place
        .join("plan/failures")
        .join(result.file_name().unwrap());
    fs::rename(result, &failure).unwrap();
    let file = failure.join("result.json");
    let mut failed: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    failed["outcome"] = "failed".into();
    failed["error"] = "the runner broke".into();
    failed["prediction"] = Value::Null;
    fs::write(&file, failed.to_string()).unwrap();
    let place = failure.file_name().unwrap().to_str().unwrap();
    planned
        .protea("gather plan --quiet")
        .fails_with(4, &["would fail again: the runner broke", "remove", place]);
    let part = planned.protea("gather plan --partial --json");
    assert!(
        part.stderr.contains("the runner broke") && part.stderr.contains(place),
        "{part:?}"
    );
    let part = part.json();
    assert_eq!(part["partial"], true);
    assert_eq!(part["tasks"][0]["state"], "failed");
    fs::remove_dir_all(&failure).unwrap();
    planned.task(1, "").succeeds();
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
}
