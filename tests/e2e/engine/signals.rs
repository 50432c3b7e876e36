//! What schedulers do to jobs.

use std::{fs, process::Command};

use serde_json::Value;

use super::setup::{Planned, until};

#[test]
fn a_signal_ends_a_task_which_can_be_done_again() {
    let planned = Planned::new();
    planned.plan();
    let held = planned.task_with_x(|x| x > 0.4 && x < 0.9);
    let words = format!("task plan --index {held}");
    for (number, signal) in ["-TERM", "-USR1"].into_iter().enumerate() {
        let mut child = planned.spawn(&words, &[("PARABOLA_HOLDS", "1")]);
        let log = |name: &str| fs::read_to_string(name).unwrap_or_default();
        until("the runner works", || {
            let work = planned.names("work");
            work.iter().any(|name| {
                let pattern = planned.place.join("plan/work").join(name).join("workspace");
                let found = walk(&pattern);
                found.iter().any(|file| log(file).contains("evaluate"))
            })
        });
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(75), "{signal}");
        assert_eq!(planned.names("results"), [""; 0]);
        let gathered = planned.protea("gather plan --json --quiet");
        assert_eq!(gathered.code, Some(75));
        let told: Value = serde_json::from_str(&gathered.stdout).unwrap();
        let task = &told["tasks"][held];
        assert_eq!(task["attempts"], number + 1, "{task}");
    }
    planned.task(held, "").succeeds();
    assert_eq!(planned.names("work"), [""; 0]);
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else if path.ends_with("logs/run.log") {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn the_index_comes_from_the_scheduler() {
    let planned = Planned::new();
    planned.plan();
    for (variable, value, index) in [
        ("SLURM_ARRAY_TASK_ID", "0", 0),
        ("PBS_ARRAY_INDEX", "1", 1),
        ("SGE_TASK_ID", "3", 2),
        ("LSB_JOBINDEX", "4", 3),
        ("HQ_TASK_ID", "4", 4),
        ("JOB_COMPLETION_INDEX", "5", 5),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "6", 6),
        ("PBS_ARRAYID", "7", 7),
    ] {
        let mut child = planned.spawn("task plan", &[(variable, value)]);
        let code = child.wait().unwrap().code();
        assert!([Some(0), Some(65)].contains(&code), "{variable}: {code:?}");
        let id = planned.task_line(index)["id"].as_str().unwrap().to_owned();
        let ended = [planned.names("results"), planned.names("failures")].concat();
        assert!(
            ended.contains(&id) && ended.len() == index + 1,
            "{variable}"
        );
    }
    planned
        .protea("task plan")
        .fails_with(2, &["SLURM_ARRAY_TASK_ID", "give --index"]);
    // An array of Slurm from 1 to 12: the task 0 would never be done.
    let from_one = [
        ("SLURM_ARRAY_TASK_ID", "12"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_MAX", "12"),
        ("SLURM_ARRAY_TASK_COUNT", "12"),
    ];
    planned
        .protea_with("task plan --quiet", &from_one)
        .fails_with(2, &["1 to 12", "0 to 11", "--first-index 1"]);
    let well = planned.task_with_x(|x| x < 0.9);
    let id = (well + 1).to_string();
    let variables = [&from_one[1..], &[("SLURM_ARRAY_TASK_ID", id.as_str())]].concat();
    planned
        .protea_with("task plan --quiet --first-index 1", &variables)
        .succeeds();
    let ran = planned.protea("task plan --index 8-9,11 --json --quiet");
    assert!([Some(0), Some(65)].contains(&ran.code), "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let done = report["tasks"].as_array().unwrap();
    let done: Vec<u64> = done
        .iter()
        .map(|task| task["index"].as_u64().unwrap())
        .collect();
    assert_eq!(done, [8, 9, 11]);
    for (indices, code, part) in [
        ("9-12", 65, "no task 12"),
        ("0-99999999999999", 65, "0 to 11"),
        ("3-1", 2, "0-9"),
        ("x", 2, "0-9"),
    ] {
        planned
            .protea(&format!("task plan --index {indices} --quiet"))
            .fails_with(code, &[part]);
    }
}

#[test]
fn limits_of_time_and_memory_can_be_tried_again() {
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --grid x=0.5 --set milliseconds=60000 \
                  --time-limit 100ms --workspace w --plan plan --quiet";
    planned.protea(search).succeeds();
    planned.task(0, "").fails_with(75, &["time limit"]);
    let told = planned.protea("gather plan --quiet");
    told.fails_with(75, &["1 of 1 tasks have no result"]);
    assert!(
        told.stdout.contains("time limit") && told.stdout.contains("evaluate"),
        "{told:?}"
    );
}
