//! Scripts in Python that run the command many times under failures, and judge what is left.

use std::{env, process::Command};

use crate::{Place, built, compile_c, in_repository};

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// A script and how it is started.
pub struct Judge<'a> {
    /// Its path in the repository.
    pub script: &'a str,
    /// Its option for the number of trials, with the number.
    pub trials: [&'a str; 2],
    /// A program that starts it, with arguments; empty to start it directly.
    pub starter: &'a [&'a str],
    /// Its other arguments.
    pub arguments: &'a [&'a str],
}

impl Judge<'_> {
    /// Runs the script, which fails if it finds a fault. Prints that the test is skipped if there is no
    /// interpreter.
    ///
    /// # Panics
    ///
    /// If the script finds a fault, and in CI if there is no interpreter.
    pub fn run(&self) {
        let Some(python) = env::var(INTERPRETER).ok().filter(|path| !path.is_empty()) else {
            assert!(
                env::var("CI").as_deref() != Ok("true"),
                "{INTERPRETER} must name a Python with signac"
            );
            eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has signac ***\n");
            return;
        };
        let place = Place::new();
        let runners = place.runner_directory("runners", &["protea_baseline", "protea_knn"]);
        compile_c("tests/e2e/c/steady.c", "steady", &runners, &[]);
        let mut words = self.starter.iter().copied().chain([python.as_str()]);
        let mut command = Command::new(words.next().unwrap_or(&python));
        command
            .args(words)
            .arg(in_repository(self.script))
            .arg("--protea")
            .arg(built().join("protea"))
            .arg("--runners")
            .arg(runners)
            .arg("--data")
            .arg(in_repository("examples/data"))
            .args(self.trials)
            .args(self.arguments)
            .env("TMPDIR", place.path())
            // A script imports others from its directory, in the repository.
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().expect("the script starts");
        let told = String::from_utf8_lossy(&output.stdout);
        println!("{told}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}{errors}");
    }
}
