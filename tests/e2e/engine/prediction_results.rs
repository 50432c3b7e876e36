//! What is gathered is what was planned and published: other models, proteins, tasks and files are refused.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{setup::Planned, tied::tied};

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Changes a JSON file, and gives what it was.
fn change(path: &Path, edit: impl FnOnce(&mut Value)) -> String {
    let before = fs::read_to_string(path).unwrap();
    let mut value = serde_json::from_str(&before).unwrap();
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
    before
}

#[test]
fn the_latest_run_is_that_of_the_plan() {
    let planned = tied();
    planned.fit("knn --train train --set k=4");
    let options = "--dataset test --reference-shards 2";
    planned
        .protea("predict latest --dataset test -o whole.tsv --quiet")
        .succeeds();
    planned
        .protea(&format!(
            "predict latest {options} -o p.tsv --plan plan --quiet"
        ))
        .succeeds();
    let later = planned.fit("knn --train train --set k=1");
    planned
        .protea("task plan --index 0 --per-index 2 --quiet")
        .succeeds();
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "p.tsv");
    planned.same("whole.tsv.provenance.json", "p.tsv.provenance.json");
    // A plan that names another one.
    change(&planned.place.join("plan/plan.json"), |plan| {
        plan["prediction"]["model_name"] = later.into();
    });
    planned
        .protea("gather plan -o other.tsv --quiet")
        .fails_with(3, &["now selects the model", "the plan was made with"]);
}

#[test]
fn a_model_that_is_not_there_may_be_there_later() {
    let planned = tied();
    let run = planned.fit("knn --train train");
    planned
        .protea(&format!(
            "predict {run} --dataset test -o p.tsv --plan plan --quiet"
        ))
        .succeeds();
    let plan = read(&planned.place.join("plan/plan.json"));
    let model = plan["prediction"]["model"].as_str().unwrap();
    let model = Path::new(model.strip_prefix("file://").unwrap());
    let away = model.with_extension("away");
    fs::rename(model, &away).unwrap();
    planned.task(0, "").fails_with(75, &["does not exist"]);
    fs::rename(&away, model).unwrap();
    planned.task(0, "").succeeds();
}

/// A plan of two parts of the queries, both with a result.
fn halves(queries: &str) -> Planned {
    let planned = tied();
    let run = planned.fit("knn --train train");
    let words = format!("predict {run} {queries} -o p.tsv --plan plan --query-shards 2 --quiet");
    planned.protea(&words).succeeds();
    planned
        .protea("task plan --index 0 --per-index 2 --quiet")
        .succeeds();
    planned
}

#[test]
fn only_files_with_hashes_are_gathered() {
    let planned = halves("--dataset test");
    let gather = || planned.protea("gather plan --quiet");
    let result = planned.result_of("plan", 1);
    let document = result.join("result.json");
    let listed = read(&document)["prediction"]["predictions"]
        .as_str()
        .unwrap()
        .to_owned();
    let predictions = result.join(&listed);
    let outside = planned
        .place
        .write("outside.tsv", "test9\tGO:0005515\t1.0\n");
    let other = |path: &Path| json!(path.to_str().unwrap());
    type Edit<'e> = &'e dyn Fn(&mut Value);
    let edits: [(Edit<'_>, &str); 5] = [
        (
            &|result| result["prediction"]["files"] = json!([]),
            "not among the files",
        ),
        (
            &|result| result["prediction"]["predictions"] = other(&outside),
            "not among the files",
        ),
        (
            &|result| result["prediction"]["predictions"] = json!("output/../../x.tsv"),
            "not among the files",
        ),
        (
            &|result| result["prediction"]["evidence"] = json!("output/e.jsonl"),
            "not among the files",
        ),
        (
            &|result| result["prediction"]["counts"]["proteins"] = json!(5),
            "is about 5 proteins",
        ),
    ];
    for (edit, message) in edits {
        let before = change(&document, edit);
        gather().fails_with(3, &[message]);
        fs::write(&document, before).unwrap();
    }
    // The result of another task is none of this one.
    let before = change(&document, |result: &mut Value| {
        result["task"] = json!("0".repeat(64));
    });
    let ran = gather();
    assert!(ran.stdout.contains("is that of the task 000"), "{ran:#?}");
    ran.fails_with(75, &["1 of 2 tasks have no result"]);
    fs::write(&document, before).unwrap();
    // A link, also one to the same content.
    let away = result.join("away.tsv");
    fs::rename(&predictions, &away).unwrap();
    std::os::unix::fs::symlink(&away, &predictions).unwrap();
    gather().fails_with(3, &["the result of the task 1", "symbolic link"]);
    fs::remove_file(&predictions).unwrap();
    fs::rename(&away, &predictions).unwrap();
    // A list that the runner did not write.
    let list = predictions.with_file_name("unpredicted.tsv");
    let before = fs::read(&list).ok();
    change(&document, |result| {
        let files = result["prediction"]["files"].as_array_mut().unwrap();
        files.retain(|file| !file["path"].as_str().unwrap().ends_with("unpredicted.tsv"));
    });
    fs::write(&list, "test9\tno reason\n").unwrap();
    gather().fails_with(3, &["unpredicted.tsv is not among the files"]);
    assert!(!planned.place.join("p.tsv").exists());
    if before.is_none() {
        fs::remove_file(&list).unwrap();
        gather().succeeds();
    }
}

#[test]
fn all_tasks_and_the_planned_proteins_are_gathered() {
    let planned = halves("--fasta test.fasta --embeddings test.vectors.tsv");
    let gather = || planned.protea("gather plan --quiet");
    let tasks = planned.place.join("plan/tasks.jsonl");
    let text = fs::read_to_string(&tasks).unwrap();
    let first = text.lines().next().unwrap();
    fs::write(&tasks, format!("{first}\n")).unwrap();
    gather().fails_with(3, &["has 2 tasks, and 1 are listed"]);
    change(&planned.place.join("plan/plan.json"), |plan| {
        plan["total"] = json!(1)
    });
    gather().fails_with(3, &["has 2 parts of the proteins, and the tasks have 1"]);
    change(&planned.place.join("plan/plan.json"), |plan| {
        plan["prediction"]["query_shards"] = json!(1);
    });
    gather().fails_with(3, &["tasks have 5 proteins, and the dataset has 11"]);
    fs::write(&tasks, text).unwrap();
    change(&planned.place.join("plan/plan.json"), |plan| {
        plan["total"] = json!(2);
        plan["prediction"]["query_shards"] = json!(2);
    });
    let manifest = planned.place.join("plan/queries/all/dataset.json");
    let before = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, format!("{before} ")).unwrap();
    gather().fails_with(3, &["has changed since the plan"]);
    fs::write(&manifest, before).unwrap();
    gather().succeeds();
}
