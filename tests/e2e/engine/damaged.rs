//! Results that somebody changed, and other harm to a plan directory: named, and done again.

use std::{fs, path::PathBuf, process::Stdio};

use protea_e2e::built;
use serde_json::Value;

use super::setup::{Planned, SEARCH, until};

/// The directory of the result of a task, which may have failed.
fn result(planned: &Planned, index: usize) -> PathBuf {
    let id = planned.task_line(index)["id"].as_str().unwrap().to_owned();
    let plan = planned.place.join("plan");
    let parts = ["results", "failures"].map(|part| plan.join(part).join(&id));
    parts.into_iter().find(|path| path.exists()).unwrap()
}

fn state(planned: &Planned, index: usize) -> (String, String) {
    let status = planned.protea("engine status plan --json --quiet").json();
    let task = &status["tasks"][index];
    let text = |name: &str| task[name].as_str().unwrap().to_owned();
    (text("state"), text("reason"))
}

#[test]
fn a_damaged_result_is_set_aside_and_done_again() {
    let planned = Planned::new();
    assert_eq!(planned.plan(), 12);
    planned.protea("task plan --index 0-11 --quiet");
    let local = planned
        .protea(&format!("{SEARCH} --workspace local"))
        .json();
    let failed = planned.task_with_x(|x| x > 0.9);
    let well: Vec<usize> = (0..12).filter(|index| *index != failed).take(4).collect();
    type Harm<'h> = &'h dyn Fn(PathBuf);
    let harm: [(usize, &str, Harm<'_>); 5] = [
        (well[0], "EOF", &|path| fs::write(path, "").unwrap()),
        (well[1], "no result.json", &|path| {
            fs::remove_file(path).unwrap();
        }),
        (well[2], "symbolic link", &|path| {
            fs::rename(&path, path.with_extension("moved")).unwrap();
            std::os::unix::fs::symlink("result.moved", path).unwrap();
        }),
        (well[3], "that of the task", &|path| {
            let other = result(&planned, (well[3] + 1) % 12).join("result.json");
            fs::copy(other, path).unwrap();
        }),
        (failed, "EOF", &|path| fs::write(path, "{\"task\"").unwrap()),
    ];
    for (index, reason, harm) in harm {
        let directory = result(&planned, index);
        harm(directory.join("result.json"));
        let (name, told) = state(&planned, index);
        assert_eq!(name, "damaged");
        let place = directory.display().to_string();
        assert!(told.contains(reason) && told.contains(&place), "{told}");
        let remaining = planned.protea("plan remaining plan");
        assert_eq!(remaining.stdout, format!("{index}\n"));
        // The others can be gathered.
        planned
            .protea("gather plan --quiet")
            .fails_with(75, &["1 of 12 tasks have no result"]);
        planned.protea("gather plan --partial --quiet").succeeds();
        let done = planned.task(index, "");
        assert_eq!(done.code, Some(if index == failed { 65 } else { 0 }));
        assert!(done.stderr.contains("moved aside"), "{done:?}");
        let id = planned.task_line(index)["id"].as_str().unwrap().to_owned();
        let aside = planned
            .place
            .join("plan/attempts")
            .join(id)
            .join("damaged-0");
        assert!(aside.join("workspace").exists(), "nothing is lost");
    }
    let gathered = planned.protea("gather plan --json --quiet").json();
    for part in ["number", "spec", "metrics"] {
        assert_eq!(local["best"][part], gathered["best"][part]);
    }
    assert_eq!(planned.names("work"), [""; 0]);
}

#[test]
fn a_lost_line_or_list_of_tasks_is_named() {
    let planned = Planned::new();
    planned.plan();
    planned.protea("task plan --index 0-11 --quiet");
    let list = planned.place.join("plan/tasks.jsonl");
    let text = fs::read_to_string(&list).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let id = planned.task_line(11)["id"].as_str().unwrap().to_owned();
    let _ = fs::remove_dir_all(planned.place.join("plan/results").join(&id));
    let _ = fs::remove_dir_all(planned.place.join("plan/failures").join(&id));
    fs::write(&list, lines[..11].join("\n") + "\n").unwrap();
    planned
        .protea("gather plan --quiet")
        .fails_with(75, &["1 task was added", "execute it with", "--index 11`"]);
    assert_eq!(fs::read_to_string(&list).unwrap(), text, "it is as before");
    fs::remove_file(&list).unwrap();
    planned
        .protea("gather plan")
        .fails_with(3, &["tasks.jsonl is missing", "plan again"]);
    let plan = |name: &str| planned.protea(&format!("{SEARCH} --workspace w --plan {name}"));
    planned.place.write("file", "x");
    plan("file").fails_with(5, &["file is not a directory", "a new directory"]);
    std::os::unix::fs::symlink("nowhere", planned.place.join("link")).unwrap();
    plan("link").fails_with(5, &["link is not a directory"]);
}

#[test]
fn reports_say_what_to_do_next_in_whole_lines() {
    let planned = Planned::new();
    let one = "search parabola --runner-dir runners --grid x=0.1 --workspace w --quiet --plan";
    let planning = planned.protea(&format!("{one} plan"));
    assert!(
        planning.stdout.contains("protea task plan --index 0\n"),
        "{planning:?}"
    );
    let says = |words: &str, part: &str| {
        let ran = planned.protea(words);
        ran.succeeds();
        assert!(
            ran.stdout.contains(part) && ran.stdout.ends_with('\n'),
            "{ran:?}"
        );
        ran
    };
    let resume = "`protea engine resume plan` executes the task without a result";
    says("engine status plan", resume);
    says("engine cancel plan", "nothing is cancelled");
    says("engine cancel plan", resume);
    planned.task(0, "").succeeds();
    says("engine status plan", "`protea gather plan` gathers");
    says("engine cancel plan", "`protea gather plan` gathers");
    planned.protea("gather plan --quiet").succeeds();
    let cancelled = says("engine cancel plan", "nothing is cancelled");
    assert!(!cancelled.stdout.contains('`'), "{cancelled:?}");
    // Everything is reused.
    let reused = says(&format!("{one} other"), "1 reused from earlier runs");
    assert!(
        !reused.stdout.contains("protea task") && reused.stdout.contains("protea gather other"),
        "{reused:?}"
    );
    let submitted = says("engine resume other --engine slurm", "protea gather other");
    assert!(submitted.stdout.contains("0 tasks"), "no Slurm is needed");
}

#[test]
fn attempts_of_pools_follow_each_other_in_the_log() {
    let planned = Planned::new();
    let search = "search parabola --runner-dir runners --grid x=0.4 --workspace w --plan plan \
                  --engine local";
    let mut command = planned.place.command(&built().join("protea"));
    let pool = command
        .args(search.split_whitespace())
        .env("PARABOLA_HOLDS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("it holds the task", || {
        planned.place.join("plan/tasks.jsonl").exists() && planned.claim_of(0).exists()
    });
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &pool.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let ended = pool.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(
        told.contains("results so far are kept in plan; repeat the command"),
        "{told}"
    );
    assert_eq!(told.matches("no --train and --eval").count(), 1, "{told}");
    until("the task is let go", || !planned.claim_of(0).exists());
    let log = planned.place.join("plan/logs/0.log");
    let before = fs::read_to_string(&log).unwrap();
    planned
        .protea("engine resume plan --engine local --quiet")
        .succeeds();
    let after = fs::read_to_string(&log).unwrap();
    assert!(after.starts_with(&before), "{after}");
    assert_eq!(
        after.matches("--- task 0, started at ").count(),
        2,
        "{after}"
    );
    let shown = planned.protea("engine logs plan 0 --json").json();
    let is_of = |line: &Value, part: &str| line.as_str().unwrap().contains(part);
    let lines = shown["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| is_of(line, "finished")), "{shown}");
}
