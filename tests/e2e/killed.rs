//! Processes are killed at random moments: nothing that was acknowledged is lost, nothing is sent
//! twice, no process and no file is left, and the same command succeeds afterwards.
//!
//! `killed/kill.py` says what is judged. By default each command is killed a few times;
//! `PROTEA_TEST_KILL_MOMENTS=20` makes it 20 times each.

use std::{env, process::Command};

use protea_e2e::{Place, built, compile_c, in_repository};

/// The number of moments of each command.
const MOMENTS: &str = "PROTEA_TEST_KILL_MOMENTS";
const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// Kills these commands; `more` goes to the script.
pub fn kill(commands: &[&str], more: &[&str]) {
    let Some(python) = env::var(INTERPRETER).ok().filter(|path| !path.is_empty()) else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with signac"
        );
        eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has signac ***\n");
        return;
    };
    let moments = env::var(MOMENTS).unwrap_or_else(|_| "1".to_owned());
    let place = Place::new();
    let runners = place.runner_directory("runners", &["protea_baseline", "protea_knn"]);
    compile_c("tests/e2e/c/steady.c", "steady", &runners, &[]);
    let output = Command::new(python)
        .arg(in_repository("tests/e2e/killed/kill.py"))
        .arg("--protea")
        .arg(built().join("protea"))
        .arg("--runners")
        .arg(runners)
        .arg("--data")
        .arg(in_repository("examples/data"))
        .args(["--moments", &moments])
        .args(more)
        .args(commands)
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn nothing_of_experiments_is_lost_or_left() {
    kill(&["fit", "run", "search", "predict"], &[]);
}

#[test]
fn nothing_of_datasets_and_exports_is_lost_or_left() {
    kill(&["freeze", "split", "export"], &[]);
}

#[test]
#[ignore = "takes minutes; the commands consist of runs, which the short test kills"]
fn nothing_of_cross_validations_and_benchmarks_is_lost_or_left() {
    kill(&["cv", "benchmark"], &[]);
}
