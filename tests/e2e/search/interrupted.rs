//! Searches that are interrupted: by the user, and by `kill -9`.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use protea_core::{Workspace, workspace::Status};
use protea_e2e::{built, in_repository};
use serde_json::Value;

use super::parabola::{Parabola, events, manifests};

const TRIALS: usize = 12;

fn arguments(workspace: &str) -> Vec<&str> {
    let search = "search parabola --runner-dir runners --set milliseconds=5 --jobs 2 \
                  --grid x=0.1,0.2,0.3,0.4,0.5,0.6 --grid n=1,7 --json --workspace";
    search.split_whitespace().chain([workspace]).collect()
}

/// A search of the command, once so many of its trials have ended. The runner holds half of the
/// trials, so the search does not end by itself however late the test interrupts it.
fn after(parabola: &Parabola, workspace: &str, trials: usize) -> Child {
    let mut child = Command::new(built().join("protea"))
        .args(arguments(workspace))
        .current_dir(parabola.place.path())
        .env("PROTEA_EXAMPLE_DATA", in_repository("examples/data"))
        .env("HOME", parabola.place.path())
        .env("PARABOLA_HOLDS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut ended = 0;
    let mut lines = stderr.lines();
    while ended < trials {
        let line = lines.next().expect("the search goes on").unwrap();
        ended += usize::from(line.starts_with("trial "));
    }
    // The pipe must be read, or the command would block.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(status.success());
}

/// How often each spec was finished.
fn finished(workspace: &Workspace) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for manifest in manifests(workspace, "trial") {
        if manifest.status == Status::Finished {
            *counts.entry(manifest.spec.to_string()).or_default() += 1;
        }
    }
    counts
}

fn essence(result: &Value) -> Vec<Value> {
    let trial =
        |trial: &Value| serde_json::json!([trial["number"], trial["params"], trial["score"]]);
    result["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(trial)
        .collect()
}

#[test]
fn a_search_that_was_killed_goes_on_and_does_no_trial_twice() {
    let parabola = Parabola::new();
    let whole = parabola.place.protea(arguments("whole")).json();
    let mut child = after(&parabola, "cut", 3);
    signal(&child, "-KILL");
    child.wait().unwrap();

    // Opening the workspace closes the runs of the killed process.
    let workspace = Workspace::open(parabola.place.join("cut")).unwrap();
    let before = finished(&workspace);
    assert!(before.len() >= 3 && before.len() < TRIALS, "{before:?}");
    for pipeline in ["search", "trial"] {
        for manifest in manifests(&workspace, pipeline) {
            assert_ne!(manifest.status, Status::Running);
            let log = events(&workspace, &manifest.run_id);
            assert_eq!(log.last().unwrap()["status"], manifest.status.name());
        }
    }
    assert_eq!(manifests(&workspace, "search")[0].status, Status::Killed);

    let resumed = parabola.place.protea(arguments("cut")).json();
    assert_eq!(resumed["taken_over"], before.len());
    assert_eq!(essence(&resumed), essence(&whole));
    assert_eq!(resumed["best"]["params"], whole["best"]["params"]);
    let counts = finished(&workspace);
    assert_eq!(counts.len(), TRIALS);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

#[test]
fn reused_trials_are_in_the_report_of_a_killed_search() {
    let parabola = Parabola::new();
    let mut first = arguments("cut");
    let grid = first
        .iter()
        .position(|word| word.starts_with("x="))
        .unwrap();
    first[grid] = "x=0.3,0.4";
    assert_eq!(parabola.place.protea(&first).json()["taken_over"], 0);
    // The runner holds those with x above 0.35 that are not reused: four are computed, four reused.
    let mut child = after(&parabola, "cut", 8);
    signal(&child, "-KILL");
    child.wait().unwrap();

    let report = "report latest --workspace cut --output r.html --tables t";
    let made = parabola.place.protea(report.split(' '));
    assert_eq!(made.code, Some(0), "{made:#?}");
    let trials = crate::report::rows(parabola.place.join("t/trials-table.tsv"));
    let reused = trials.iter().filter(|row| row["origin"] == "reused");
    assert_eq!(reused.count(), 4, "{trials:?}");
    assert_eq!(trials.len(), 8, "{trials:?}");
    let page = fs::read_to_string(parabola.place.join("r.html")).unwrap();
    assert!(page.contains("The search has not ended"));
    let best = crate::report::rows(parabola.place.join("t/best-so-far.tsv"));
    let scores = trials.iter().map(|row| crate::report::number(row, "score"));
    let expected = scores.fold(f64::NEG_INFINITY, f64::max);
    let found = crate::report::number(best.last().unwrap(), "best so far");
    assert!((found - expected).abs() < 1e-12, "{best:?}");
    // The log of the search has its trials, as the terminal had.
    let log = parabola
        .place
        .protea("runs log latest --workspace cut".split(' '));
    let ended = log
        .stdout
        .lines()
        .filter(|line| line.contains("Ended trial "));
    assert!(ended.count() == 8, "{log:#?}");
    // At its end, the table has all, and the other file is gone.
    let resumed = parabola.place.protea(arguments("cut")).json();
    let directory = std::path::PathBuf::from(resumed["artifacts"]["directory"].as_str().unwrap());
    assert!(directory.join("search.tsv").is_file());
    assert!(!directory.join(protea_core::workspace::TRIALS).exists());
}

#[test]
fn ctrl_c_ends_a_search_calmly() {
    ended_calmly("-INT", 130);
}

#[test]
fn sigterm_ends_a_search_calmly() {
    ended_calmly("-TERM", 143);
}

fn ended_calmly(by: &str, code: i32) {
    let parabola = Parabola::new();
    let child = after(&parabola, "ended", 2);
    signal(&child, by);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "cancelled");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("it reuses the finished trials"),
        "{message}"
    );

    let workspace = Workspace::open(parabola.place.join("ended")).unwrap();
    let parent = &manifests(&workspace, "search")[0];
    assert_eq!(parent.status, Status::Killed);
    let trials = manifests(&workspace, "trial");
    assert!(trials.len() < TRIALS);
    for trial in &trials {
        assert!(matches!(trial.status, Status::Finished | Status::Killed));
    }
    let table = fs::read_to_string(parent.artifacts.directory.join("search.tsv")).unwrap();
    assert_eq!(table.lines().count(), 1 + trials.len());
}
