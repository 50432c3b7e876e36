//! Processes are killed at random moments: nothing that was acknowledged is lost, nothing is sent
//! twice, no process and no file is left, and the same command succeeds afterwards.
//!
//! `killed/kill.py` says what is judged. By default each command is killed a few times;
//! `PROTEA_TEST_KILL_MOMENTS=20` makes it 20 times each.

use std::env;

use protea_e2e::judges::Judge;

/// The number of moments of each command.
const MOMENTS: &str = "PROTEA_TEST_KILL_MOMENTS";

/// Kills these commands; `more` goes to the script.
pub fn kill(commands: &[&str], more: &[&str]) {
    let moments = env::var(MOMENTS).unwrap_or_else(|_| "1".to_owned());
    Judge {
        script: "tests/e2e/killed/kill.py",
        trials: ["--moments", &moments],
        starter: &[],
        arguments: &[more, commands].concat(),
    }
    .run();
}

#[test]
fn nothing_of_experiments_is_lost_or_left() {
    kill(&["fit", "run", "search", "predict", "predict-train"], &[]);
}

#[test]
fn nothing_of_datasets_and_exports_is_lost_or_left() {
    kill(&["freeze", "split", "export"], &[]);
}

#[test]
fn nothing_of_files_of_predictions_is_half_written_or_left() {
    kill(&["merge", "accretion", "lafa"], &[]);
}

#[test]
#[ignore = "takes minutes; the commands consist of runs, which the short test kills"]
fn nothing_of_cross_validations_and_benchmarks_is_lost_or_left() {
    kill(&["cv", "benchmark"], &[]);
}
