//! Plans that cannot be done: clear errors, nothing lost.

use std::{fs, process::Command};

use protea_e2e::{built, copy_of, library, test, train};

use super::setup::{Planned, SEARCH};

fn sha256(path: &std::path::Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn a_changed_runner_is_refused_by_hash() {
    let planned = Planned::new();
    planned.plan();
    let file = planned.place.join("runners").join(library("parabola"));
    let before = sha256(&file);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [&whole[..], b"more"].concat()).unwrap();
    let found = sha256(&file);
    planned
        .task(0, "")
        .fails_with(65, &["parabola", "changed", &before, &found]);
    fs::write(&file, whole).unwrap();
    let well = planned.task_with_x(|x| x < 0.9);
    planned.task(well, "").succeeds();
}

#[test]
fn a_changed_dataset_is_refused_by_hash() {
    let planned = Planned::new();
    copy_of(&train(), &planned.place.join("train"));
    copy_of(&test(), &planned.place.join("test"));
    let search = format!("{SEARCH} --workspace w --train train --eval test --plan plan");
    planned.protea(&search).succeeds();
    let manifest = planned.place.join("train/dataset.json");
    let before = sha256(&manifest);
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}\n")).unwrap();
    planned
        .task(0, "")
        .fails_with(65, &["changed", &before, &sha256(&manifest)]);
    planned
        .protea("gather plan --partial --quiet")
        .fails_with(3, &["changed", &before]);
    // It is not there: perhaps it is elsewhere, or later.
    fs::rename(planned.place.join("train"), planned.place.join("away")).unwrap();
    planned.task(0, "").fails_with(75, &["there is no dataset"]);
}

#[test]
fn a_directory_has_one_plan() {
    let planned = Planned::new();
    planned.plan();
    planned.plan();
    let other = format!("{SEARCH} --workspace w --plan plan --seed 8").replace("--seed 7", "");
    planned
        .protea(&other)
        .fails_with(5, &["already has another plan"]);
}

#[test]
fn what_is_no_plan_is_refused() {
    let planned = Planned::new();
    fs::create_dir(planned.place.join("full")).unwrap();
    planned.place.write("full/file", "x");
    let plan =
        |directory: &str| planned.protea(&format!("{SEARCH} --workspace w --plan {directory}"));
    plan("full").fails_with(5, &["is not empty and has no plan"]);
    planned
        .protea("task full --index 0")
        .fails_with(65, &["is not a plan directory"]);
    planned
        .protea("gather nowhere")
        .fails_with(3, &["is not a plan directory"]);
    planned.plan();
    planned
        .task(12, "")
        .fails_with(65, &["no task 12", "0 to 11"]);
    // A line that somebody changed.
    let tasks = planned.place.join("plan/tasks.jsonl");
    let text = fs::read_to_string(&tasks).unwrap();
    fs::write(&tasks, text.replacen("\"seed\":7", "\"seed\":9", 1)).unwrap();
    planned.task(0, "").fails_with(65, &["line 1", "SHA-256"]);
    fs::write(&tasks, "{\n").unwrap();
    planned
        .task(0, "")
        .fails_with(65, &["tasks.jsonl", "line 1"]);
    fs::remove_file(&tasks).unwrap();
    planned
        .task(0, "")
        .fails_with(65, &["tasks.jsonl", "is missing", "plan again"]);
}

#[test]
fn a_directory_that_was_removed_is_named() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    for part in ["claims", "work", "results"] {
        let place = planned.place.join("plan").join(part);
        fs::remove_dir(&place).unwrap();
        planned
            .task(well, "")
            .fails_with(75, &[&format!("plan/{part}"), "is missing"]);
        fs::create_dir(&place).unwrap();
    }
    planned.task(well, "").succeeds();
    // A result that was removed is missing, and can be done again.
    let id = planned.task_line(well)["id"].as_str().unwrap().to_owned();
    fs::remove_dir_all(planned.place.join("plan/results").join(&id)).unwrap();
    planned
        .protea("gather plan")
        .fails_with(75, &["12 of 12 tasks have no result"]);
    planned.task(well, "").succeeds();
    assert_eq!(planned.names("results"), [id]);
}

#[test]
fn a_full_disk_loses_nothing() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    let script = format!(
        "mount -t tmpfs -o size=1m tmpfs disk && cp -r plan disk/plan && \
         head -c 2m /dev/zero > disk/filler 2>/dev/null; \
         {protea} task disk/plan --index {well} --quiet; echo code $?; \
         ls disk/plan/results | wc -l; rm disk/filler; \
         {protea} task disk/plan --index {well} --quiet; echo code $?; \
         ls disk/plan/results | wc -l; ls disk/plan/work | wc -l",
        protea = built().join("protea").display()
    );
    fs::create_dir(planned.place.join("disk")).unwrap();
    let ran = planned.place.run(
        "unshare".as_ref(),
        ["--user", "--map-root-user", "--mount", "sh", "-c", &script],
    );
    if ran.stderr.contains("unshare") || ran.stderr.contains("mount") {
        eprintln!(
            "SKIPPED: no disk can be mounted in a user namespace: {}",
            ran.stderr
        );
        return;
    }
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| !line.starts_with("task"))
        .collect();
    assert_eq!(lines, ["code 75", "0", "code 0", "1", "0"], "{ran:#?}");
    assert!(ran.stderr.contains("No space left"), "{ran:#?}");
}

#[test]
fn options_that_a_plan_cannot_keep_are_refused() {
    let planned = Planned::new();
    let run = "run knn --plan plan --workspace w";
    planned
        .protea(&format!("{run} --output out"))
        .fails_with(2, &["--output and --plan"]);
    planned
        .protea(&format!("{run} --job abc"))
        .fails_with(2, &["--job and --plan"]);
    planned
        .protea("run knn --engine local")
        .fails_with(2, &["--plan"]);
    let wrong = format!("{SEARCH} --workspace w --plan plan --set milliseconds=-1");
    planned.protea(&wrong).fails_with(3, &["milliseconds"]);
    assert!(!planned.place.join("plan").exists());
}
