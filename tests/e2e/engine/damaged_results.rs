//! A result that is not as its task wrote it is not recorded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::setup::Planned;

/// The files of a kind below a directory.
fn named(directory: &Path, name: &str) -> PathBuf {
    let mut left = vec![directory.to_owned()];
    while let Some(here) = left.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.ends_with(name) {
                return path;
            }
        }
    }
    panic!("no {name}");
}

#[test]
fn a_damaged_file_of_a_result_is_named() {
    let planned = Planned::new();
    let count = planned.plan();
    let all: Vec<String> = (0..count).map(|index| index.to_string()).collect();
    let done = planned.protea(&format!("task plan --index {}", all.join(",")));
    assert!([Some(0), Some(65)].contains(&done.code), "{done:?}");
    let index = planned.task_with_x(|x| x < 0.9);
    let id = planned.task_line(index)["id"].as_str().unwrap().to_owned();
    let result = planned.place.join("plan/results").join(id);
    let task = format!("the task {index}");
    for (name, words) in [
        ("run_manifest.json", "run_manifest.json"),
        ("logs/run.log", "run.log"),
        ("files.json", "files.json"),
    ] {
        let file = named(&result, name);
        let whole = fs::read(&file).unwrap();
        let mut changed = whole.clone();
        changed[0] ^= 1;
        for damaged in [Some(&changed[..]), Some(&whole[..whole.len() / 2]), None] {
            match damaged {
                Some(bytes) => fs::write(&file, bytes).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            planned
                .protea("gather plan --quiet")
                .fails_with(3, &[&task, words, "damaged"]);
            fs::write(&file, &whole).unwrap();
        }
    }
    planned.protea("gather plan --quiet").succeeds();
}

#[test]
fn what_a_task_needs_is_in_the_plan() {
    let planned = Planned::new();
    let search =
        "search parabola --runner-dir runners --grid x=0.5 --workspace w --plan plan --quiet";
    let resources = || {
        let text = fs::read_to_string(planned.place.join("plan/plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        (plan["resources"].clone(), plan["id"].clone())
    };
    planned
        .protea(&format!(
            "{search} --task-time 90s --task-memory 3GiB --task-cpus 2"
        ))
        .succeeds();
    let (asked, id) = resources();
    let expected = serde_json::json!({ "seconds": 90, "memory": 3_u64 << 30, "cpus": 2 });
    assert_eq!(asked, expected);
    let script = planned.protea("plan export plan --for sbatch --output -");
    assert!(
        script
            .stdout
            .contains("--time=2 --mem=3072M --cpus-per-task=2"),
        "{script:?}"
    );
    // It is the same plan with another time; what is not said stays.
    planned
        .protea(&format!("{search} --task-time 10m"))
        .succeeds();
    let expected = serde_json::json!({ "seconds": 600, "memory": 3_u64 << 30, "cpus": 2 });
    assert_eq!(resources(), (expected, id));
    planned
        .protea("search parabola --runner-dir runners --grid x=0.5 --task-time 10m")
        .fails_with(2, &["--plan"]);
}
