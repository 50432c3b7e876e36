//! Several workers and one task.

use std::{fs, os::unix::process::ExitStatusExt, path::Path, process::ExitStatus};

use protea_e2e::built;
use serde_json::{Value, json};

use super::{
    setup::{Planned, SEARCH, until},
    tied::tied,
};
use crate::full_disk::has_strace;

#[test]
fn workers_at_the_same_time_publish_one_result() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    let workers: Vec<_> = (0..4)
        .map(|_| planned.spawn(&format!("task plan --index {well}"), &[]))
        .collect();
    let codes: Vec<i32> = workers
        .into_iter()
        .map(|mut worker| worker.wait().unwrap().code().unwrap())
        .collect();
    assert!(
        codes.contains(&0) && codes.iter().all(|code| [0, 75].contains(code)),
        "{codes:?}"
    );
    assert_eq!(planned.names("results").len(), 1);
    assert_eq!(planned.names("work"), [""; 0]);
}

/// Many processes at the same time read one workspace and its model, more of them than there are tasks.
#[test]
fn a_crowd_reads_one_workspace() {
    const WORKERS: usize = 100;
    const TASKS: usize = 11;
    let planned = tied();
    let run = planned.fit("knn --train train --set k=4");
    planned
        .protea(&format!(
            "predict {run} --dataset test -o whole.tsv --quiet"
        ))
        .succeeds();
    planned
        .protea(&format!(
            "predict {run} --dataset test -o split.tsv --plan plan --query-shards {TASKS} --quiet"
        ))
        .succeeds();
    let before = fs::read_dir(planned.place.join("plan")).unwrap().count();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let words = format!("task plan --index {} --quiet", worker % TASKS);
            planned.spawn(&words, &[])
        })
        .collect();
    for mut worker in workers {
        // Another one had the task.
        let code = worker.wait().unwrap().code();
        assert!([Some(0), Some(75)].contains(&code), "{code:?}");
    }
    let remaining = planned.protea("plan remaining plan");
    assert_eq!(remaining.stdout, "", "each was done by one of them");
    for part in ["claims", "work", "attempts"] {
        assert_eq!(planned.names(part), [""; 0], "{part}");
    }
    assert_eq!(
        fs::read_dir(planned.place.join("plan")).unwrap().count(),
        before
    );
    planned.protea("gather plan --quiet").succeeds();
    planned.same("whole.tsv", "split.tsv");
}

#[test]
fn a_task_of_a_living_process_is_left_to_it() {
    let planned = Planned::new();
    planned.plan();
    let held = planned.task_with_x(|x| x > 0.4 && x < 0.9);
    let words = format!("task plan --index {held}");
    let mut holder = planned.spawn(&words, &[("PARABOLA_HOLDS", "1")]);
    until("it holds the task", || planned.claim_of(held).exists());
    let pid = holder.id().to_string();
    planned
        .task(held, "")
        .fails_with(75, &["is being done by process", &pid]);
    // Killed: at once another process can do it.
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(planned.claim_of(held).exists());
    planned.task(held, "").succeeds();
    assert!(!planned.claim_of(held).exists());
    assert_eq!(
        planned.names("work"),
        [""; 0],
        "what the killed process left is removed"
    );
}

const RENAMES: &str = "rename,renameat,renameat2";

/// Does a task below strace.
fn traced(planned: &Planned, index: usize, options: &[&str]) -> ExitStatus {
    let mut command = planned.place.command(Path::new("strace"));
    command.args(["-f", "-qq"]).args(options);
    command.arg(built().join("protea"));
    command.args(["task", "plan", "--quiet", "--index", &index.to_string()]);
    command.status().unwrap()
}

/// The system call that publishes the result of a task, and how many of them its thread has made then.
fn publishing_call(planned: &Planned, index: usize, result: &Path) -> (String, usize) {
    let trace = format!("trace={RENAMES}");
    assert!(traced(planned, index, &["-o", "trace.txt", "-e", &trace]).success());
    let text = fs::read_to_string(planned.place.join("trace.txt")).unwrap();
    // Such as `2872  rename("…", "…") = 0`.
    let name = |line: &str| line.split_once('(').map(|(name, _)| name.to_owned());
    let result = result.to_str().unwrap();
    let publishing = text.lines().position(|line| line.contains(result)).unwrap();
    let call = name(text.lines().nth(publishing).unwrap()).unwrap();
    // strace counts each system call of each thread separately.
    let calls = text.lines().take(publishing + 1).filter_map(name);
    let number = calls.filter(|of_thread| *of_thread == call).count();
    (call.split_whitespace().nth(1).unwrap().to_owned(), number)
}

#[test]
fn what_tasks_leave_when_killed_at_their_ends_is_removed() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    let id = planned.task_line(well)["id"].as_str().unwrap().to_owned();
    let result = planned.place.join("plan/results").join(&id);
    // Killed at the call that would publish the result, which a first execution counts.
    if has_strace() {
        let (call, number) = publishing_call(&planned, well, &result);
        fs::remove_dir_all(&result).unwrap();
        let kill = format!("inject={call}:signal=KILL:when={number}");
        let killed = traced(&planned, well, &["-o", "/dev/null", "-e", &kill]);
        assert_eq!(killed.signal(), Some(9), "{killed}");
        assert_eq!(planned.names("work").len(), 1);
    }
    // Killed before and while it wrote whose directory it is.
    for number in 0..2 {
        let left = planned
            .place
            .join(format!("plan/work/{id}-host-1-{number}"));
        fs::create_dir(&left).unwrap();
        if number == 1 {
            fs::write(left.join("holder.json"), "{").unwrap();
        }
    }
    assert!(planned.names("results").is_empty());
    planned.task(well, "").succeeds();
    assert_eq!(planned.names("work"), [""; 0]);
    assert!(!result.join("holder.json").exists());
}

/// The claim of a process on another machine.
fn foreign(beats: u64) -> Value {
    json!({
        "holder": { "host": "elsewhere", "boot": "other/pid:[1]", "pid": 1, "started": 1 },
        "beats": beats,
    })
}

#[test]
fn another_machine_is_judged_by_its_signs_of_life() {
    let planned = Planned::new();
    planned.plan();
    let well = planned.task_with_x(|x| x < 0.9);
    let claim = planned.claim_of(well);
    let write = |beats| {
        let whole = claim.with_extension("new");
        fs::write(&whole, foreign(beats).to_string()).unwrap();
        fs::rename(whole, &claim).unwrap();
    };
    write(1);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| planned.task(well, "--claim-timeout 10m"));
        let mut beats = 1;
        while !waiting.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(100));
            beats += 1;
            write(beats);
        }
        let waited = waiting.join().unwrap();
        waited.fails_with(75, &["is being done by process 1 on elsewhere"]);
    });
    // It shows no sign of life any more.
    planned.task(well, "--claim-timeout 200ms").succeeds();
    assert_eq!(planned.names("claims"), [""; 0]);
    // Half a claim is none.
    let other = planned.task_with_x(|x| x < 0.3);
    fs::write(planned.claim_of(other), "{\"hol").unwrap();
    planned.task(other, "--claim-timeout 200ms").succeeds();
}

#[test]
fn a_plan_that_was_not_finished_is_written_again() {
    let planned = Planned::new();
    planned.plan();
    let held = planned.task_with_x(|x| x > 0.4 && x < 0.9);
    let words = format!("task plan --index {held}");
    let mut holder = planned.spawn(&words, &[("PARABOLA_HOLDS", "1")]);
    until("it holds the task", || planned.claim_of(held).exists());
    // What a process leaves that is killed while it plans: everything except `plan.json`.
    for part in ["results", "claims", "queries/00000"] {
        fs::create_dir_all(planned.place.join("other").join(part)).unwrap();
    }
    fs::copy(
        planned.claim_of(held),
        planned.place.join("other/.planning"),
    )
    .unwrap();
    planned.place.write("other/tasks.jsonl", "{");
    let plan = || planned.protea(&format!("{SEARCH} --workspace w --plan other"));
    let pid = holder.id().to_string();
    plan().fails_with(75, &["is writing a plan to", &pid]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(plan().json()["tasks"], 12);
    let names = fs::read_dir(planned.place.join("other")).unwrap();
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.starts_with('.') && name != "queries"));
}
