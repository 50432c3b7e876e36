//! The suite names what every animal of the zoo does wrong, and nothing else.

use std::{
    collections::BTreeSet,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use protea_e2e::{Place, built, library, zoo};
use serde_json::Value;

use super::table::{Line, lines};

#[test]
fn every_animal_has_a_line_in_the_table() {
    let listed: BTreeSet<String> = lines().iter().map(|line| line.file.to_owned()).collect();
    let animals: BTreeSet<String> = zoo::animals().into_iter().collect();
    assert_eq!(animals, listed);
}

#[test]
fn the_suite_names_the_sin_of_every_animal_and_nothing_else() {
    let lines = lines();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let visit = || {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::SeqCst)) {
            if let Err(difference) = meet(line) {
                wrong.lock().unwrap().push(difference);
            }
        }
    };
    // Several at a time, because those that hang sleep.
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(visit);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks an animal and returns the first difference from its line.
fn meet(line: &Line) -> Result<(), String> {
    let place = Place::new();
    let file = zoo::directory().join(library(line.file));
    let output = Command::new(built().join("protea"))
        .args(["runners", "check", "--json", "--only-failed", "--jobs", "2"])
        .args(line.options())
        .arg(&file)
        // Relative to the directory of the probe. One animal writes this file when it is loaded.
        .env("PROTEA_ZOO_MARK", "mark")
        .current_dir(place.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let seen = format!(
        "{}: {report:#}\n{}",
        line.file,
        String::from_utf8_lossy(&output.stderr)
    );
    let code = if line.keeps_the_contract() { 0 } else { 1 };
    if output.status.code() != Some(code) {
        return Err(format!("not the exit code {code}: {seen}"));
    }
    let tests = report["files"][0]["tests"].as_array();
    let tests = tests.ok_or_else(|| format!("no tests: {seen}"))?;
    let failed = tests.iter().filter(|test| test["status"] != "warning");
    let failed: BTreeSet<&str> = failed.filter_map(|test| test["name"].as_str()).collect();
    if failed != line.failures() {
        return Err(format!("not {:?}: {seen}", line.failures()));
    }
    let named = tests.iter().find(|test| test["name"] == line.test);
    let named = named.ok_or_else(|| format!("nothing of {}: {seen}", line.test))?;
    if named["status"] != line.status {
        return Err(format!("{} is not {}: {seen}", line.test, line.status));
    }
    let said = named.to_string();
    match line.words.iter().find(|part| !said.contains(**part)) {
        Some(part) => Err(format!("{part:?} is not in {}: {seen}", line.test)),
        None => Ok(()),
    }
}
