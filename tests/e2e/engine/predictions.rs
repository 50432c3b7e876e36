//! Predictions that are planned: the queries are split, or the references, or both.

use std::{fs, process::Command};

use protea_e2e::{Ran, built, slurm::Slurm, test, train};
use serde_json::Value;

use super::{
    setup::{Planned, until},
    tied::tied,
};
use crate::{aligners::installed, reranker::lightgbm};

#[test]
fn split_references_and_queries_give_the_same_file() {
    let planned = tied();
    let run = planned.fit("knn --train train --set k=4");
    let options = format!("{run} --dataset test --evidence=2 --unpredicted none.tsv --force");
    planned
        .protea(&format!("predict {options} -o whole.tsv --quiet"))
        .succeeds();
    for references in [2, 3, 7] {
        for queries in [1, 3] {
            let plan = format!("plan-{references}-{queries}");
            let words = format!(
                "{options} -o {plan}.tsv --reference-shards {references} --query-shards {queries}"
            );
            planned.predict_by_tasks(&words, &plan);
            assert_eq!(planned.tasks_in(&plan), references * queries);
            planned.same("whole.tsv", &format!("{plan}.tsv"));
        }
    }
    // Gathered again, to another file and in the planned one.
    planned
        .protea("gather plan-2-1 -o again.tsv --quiet")
        .succeeds();
    planned.same("whole.tsv", "again.tsv");
    planned
        .protea("gather plan-2-1 -o again.tsv --json --quiet")
        .succeeds();
    planned.protea("gather plan-2-1 --quiet").succeeds();
    fs::write(planned.place.join("again.tsv"), "mine").unwrap();
    planned
        .protea("gather plan-2-1 -o again.tsv --quiet")
        .fails_with(5, &["again.tsv"]);
    // A search has no predictions.
    planned
        .protea("predict x --dataset test --reference-shards 2")
        .fails_with(2, &["--plan"]);
}

#[test]
fn every_runner_predicts_for_parts_of_the_queries() {
    let planned = Planned::new();
    let (train, test) = (train(), test());
    let data = format!("--train {}", train.display());
    let mut runners = vec!["knn --set k=3".to_owned(), "baseline".to_owned()];
    runners.extend(installed().map(|method| format!("baseline --set method={method}")));
    if lightgbm().is_some() {
        let quick = "--set trees=10 --set maximum_rows=5000 --set aligned=5 --set rerank=always";
        runners.push(format!("lightgbm {quick}"));
    }
    for (number, runner) in runners.into_iter().enumerate() {
        let run = planned.fit(&format!("{runner} {data}"));
        let options = format!("{run} --dataset {} --format tsv --top 5", test.display());
        planned
            .protea(&format!("predict {options} -o whole-{number}.tsv --quiet"))
            .succeeds();
        let words = format!("{options} -o split-{number}.tsv --query-shards 3");
        planned.predict_by_tasks(&words, &format!("plan-{number}"));
        planned.same(
            &format!("whole-{number}.tsv"),
            &format!("split-{number}.tsv"),
        );
    }
}

#[test]
fn sequences_are_kept_in_the_plan() {
    let planned = tied();
    let run = planned.fit("knn --train train");
    let options = format!("{run} --fasta test.fasta --embeddings test.vectors.tsv --format json");
    let whole = planned.protea(&format!("predict {options} --quiet"));
    whole.succeeds();
    let words = format!("predict {options} --plan plan --query-shards 2 --reference-shards 2");
    planned.protea(&words).succeeds();
    // The same again is the same plan, though the queries were frozen at another time.
    let again = planned.protea(&words);
    assert!(
        again.stdout.contains("already contained this plan"),
        "{again:?}"
    );
    for file in ["test.fasta", "test.vectors.tsv"] {
        fs::remove_file(planned.place.join(file)).unwrap();
    }
    planned
        .protea("task plan --index 0 --per-index 4 --quiet")
        .succeeds();
    planned
        .protea("gather plan --json --quiet")
        .fails_with(2, &["--output"]);
    assert_eq!(planned.protea("gather plan --quiet").stdout, whole.stdout);
}

#[test]
fn an_interrupted_prediction_is_completed_once() {
    let planned = tied();
    let run = planned.fit("knn --train train --set k=4");
    let options = format!("{run} --dataset test");
    planned
        .protea(&format!("predict {options} -o whole.tsv --quiet"))
        .succeeds();
    let words = format!(
        "predict {options} -o p.tsv --plan plan --reference-shards 6 --query-shards 2 --quiet"
    );
    planned.protea(&words).succeeds();
    // One is killed: it may or may not have come to a result.
    let mut killed = planned.spawn("task plan --index 3", &[]);
    until("it began", || {
        !planned.names("claims").is_empty() || !planned.names("results").is_empty()
    });
    let _ = killed.kill();
    killed.wait().unwrap();
    // The pool is interrupted after the first results.
    let mut pool = planned.spawn(&format!("{words} --engine local --jobs 2"), &[]);
    until("there are results", || planned.names("results").len() > 2);
    // It may have ended by itself.
    let pid = pool.id().to_string();
    let _ = Command::new("kill").args(["-INT", &pid]).status();
    pool.wait().unwrap();
    // Some are left in any case.
    for name in planned.names("results").iter().take(3) {
        fs::remove_dir_all(planned.place.join("plan/results").join(name)).unwrap();
    }
    let _ = fs::remove_file(planned.place.join("p.tsv"));
    let before = planned.published("plan");
    assert!(before.len() < 12);
    let status = planned.protea("engine status plan --json --quiet").json();
    assert_eq!(status["tasks"].as_array().unwrap().len(), 12);
    planned
        .protea("engine resume plan --jobs 2 --quiet")
        .succeeds();
    planned.same("whole.tsv", "p.tsv");
    let after = planned.published("plan");
    assert_eq!(after.len(), 12);
    for (name, published) in &before {
        assert_eq!(published, &after[name], "{name} was done twice");
    }
    assert_eq!(planned.names("work"), [""; 0]);
}

#[test]
fn what_cannot_be_split_is_refused() {
    let planned = tied();
    let run = planned.fit("knn --train train");
    let plan = |words: &str| planned.protea(&format!("predict {words} --plan plan --quiet"));
    let ours = format!("{run} --dataset test -o p.tsv");
    plan(&format!("{ours} --reference-shards 61")).fails_with(
        2,
        &[
            "--reference-shards 61 is more than there are references",
            "60",
        ],
    );
    plan(&format!("{ours} --query-shards 12")).fails_with(
        2,
        &["--query-shards 12 is more than there are proteins", "11"],
    );
    plan(&format!("{ours} --query-shards 0")).fails_with(2, &["from 1 on"]);
    plan("knn --train train --dataset test").fails_with(2, &["fit first"]);
    plan(&format!("{run} --dataset test --engine slurm")).fails_with(2, &["--output"]);
    let baseline = planned.fit("baseline --train train");
    plan(&format!("{baseline} --dataset test --reference-shards 2")).fails_with(
        4,
        &["baseline", "cannot predict from a part", "--query-shards"],
    );
    assert!(!planned.place.join("plan").exists());
    let left: Vec<String> = fs::read_dir(planned.place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("protea-plan-"))
        .collect();
    assert_eq!(left, [""; 0]);
}

fn sha256(path: &std::path::Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn what_has_changed_is_named_by_hash() {
    let planned = tied();
    let fitted = planned
        .protea("fit knn --train train --json --quiet")
        .json();
    let run = fitted["run_id"].as_str().unwrap();
    let words = format!("predict {run} --dataset test -o p.tsv --reference-shards 2 --plan plan");
    planned.protea(&words).succeeds();
    let plan: Value =
        serde_json::from_str(&fs::read_to_string(planned.place.join("plan/plan.json")).unwrap())
            .unwrap();
    let model = plan["prediction"]["model"].as_str().unwrap();
    let model = model.strip_prefix("file://").unwrap().to_owned();
    let expected = plan["prediction"]["model_sha256"].as_str().unwrap();
    for (file, hash) in [
        (planned.place.join("train/dataset.json"), None),
        (planned.place.join("test/dataset.json"), None),
        (std::path::PathBuf::from(model), Some(expected)),
    ] {
        let text = fs::read_to_string(&file).unwrap();
        let before = sha256(&file);
        let mut permissions = file.metadata().unwrap().permissions();
        #[allow(clippy::permissions_set_readonly_false, reason = "a file of this test")]
        permissions.set_readonly(false);
        fs::set_permissions(&file, permissions).unwrap();
        fs::write(&file, format!("{text} ")).unwrap();
        let hash = hash.unwrap_or(&before);
        planned
            .protea("task plan --index 0 --quiet")
            .fails_with(65, &["has changed since the plan", hash]);
        fs::write(&file, text).unwrap();
    }
    planned
        .protea("task plan --index 0 --per-index 2 --quiet")
        .succeeds();
}

#[test]
fn a_missing_or_damaged_partial_result_is_named() {
    let planned = tied();
    let run = planned.fit("knn --train train");
    planned
        .protea(&format!(
            "predict {run} --dataset test -o whole.tsv --quiet"
        ))
        .succeeds();
    let words = format!(
        "predict {run} --dataset test -o p.tsv --reference-shards 3 --query-shards 2 --plan plan"
    );
    planned.protea(&words).succeeds();
    planned
        .protea("task plan --index 0,1,2,3,5 --quiet")
        .succeeds();
    let told = planned.protea("gather plan --quiet");
    told.fails_with(75, &["1 of 6 tasks have no result"]);
    assert!(
        told.stdout
            .contains("4 knn/predict/queries-5-11/references-1-of-3"),
        "{told:?}"
    );
    assert!(!planned.place.join("p.tsv").exists());
    // The other half of the queries has all its parts.
    let part = planned.protea("gather plan --partial -o part.tsv --json");
    part.succeeds();
    assert!(part.stderr.contains("1 of 2 parts"), "{part:?}");
    let read = |name: &str| fs::read_to_string(planned.place.join(name)).unwrap();
    let part = read("part.tsv");
    assert!(
        read("whole.tsv").starts_with(&part)
            && part.contains("test4\t")
            && !part.contains("test5\t")
    );
    planned.protea("task plan --index 4 --quiet").succeeds();
    let result = planned.result_of("plan", 1);
    let partial = result.join("output/neighbours.bin");
    let mut bytes = fs::read(&partial).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&partial, &bytes).unwrap();
    planned.protea("gather plan --quiet").fails_with(
        3,
        &[
            "the result of the task 1",
            "neighbours.bin",
            "remove",
            "again",
        ],
    );
    fs::remove_dir_all(&result).unwrap();
    planned.protea("task plan --index 1 --quiet").succeeds();
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
}

#[test]
fn a_prediction_on_slurm_is_the_local_one() {
    let Some(slurm) = Slurm::start() else { return };
    let planned = tied();
    let run = planned.fit("knn --train train");
    let options = format!("{run} --dataset test");
    planned
        .protea(&format!("predict {options} -o whole.tsv --quiet"))
        .succeeds();
    let (name, value) = slurm.configuration();
    let mut command = planned.place.command(&built().join("protea"));
    let words = format!(
        "predict {options} -o p.tsv --reference-shards 3 --plan plan --engine slurm --slurm mem=200M --json --quiet"
    );
    command.args(words.split_whitespace()).env(name, value);
    let submitted = Ran::from(command.output().unwrap()).json();
    assert_eq!(submitted["submitted"], 3);
    until("the job gathers", || {
        planned.place.join("plan/gathered.json").exists()
    });
    planned.same("whole.tsv", "p.tsv");
}
