//! A place with a runner whose trials fail where this is known, and the calls of the tests.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use protea_e2e::{Place, Ran, built, compile_c};
use serde_json::Value;

/// A search whose trials fail for x above 0.9.
pub const SEARCH: &str = "search parabola --runner-dir runners --random 12 --space x=0.0..1.0 \
                          --space n=1..20 --seed 7 --quiet --json";

pub struct Planned {
    pub place: Place,
}

impl Planned {
    pub fn new() -> Self {
        let place = Place::new();
        let directory = place.runner_directory("runners", &[]);
        compile_c("tests/e2e/c/parabola.c", "parabola", &directory, &[]);
        Self { place }
    }

    /// Runs `protea` with words.
    pub fn protea(&self, words: &str) -> Ran {
        self.place.protea(words.split_whitespace())
    }

    /// Runs `protea` with words and variables of the environment.
    pub fn protea_with(&self, words: &str, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.place.command(&built().join("protea"));
        command
            .args(words.split_whitespace())
            .envs(variables.iter().copied());
        Ran::from(command.output().unwrap())
    }

    /// Writes the plan of the usual search to `plan`, and gives its number of tasks.
    pub fn plan(&self) -> usize {
        let planned = self
            .protea(&format!("{SEARCH} --workspace w --plan plan"))
            .json();
        planned["tasks"].as_u64().unwrap() as usize
    }

    /// Does a task, and gives the exit code.
    pub fn task(&self, index: usize, more: &str) -> Ran {
        self.protea(&format!("task plan --index {index} --quiet {more}"))
    }

    pub fn spawn(&self, words: &str, variables: &[(&str, &str)]) -> Child {
        let mut command: Command = self.place.command(&built().join("protea"));
        command
            .args(words.split_whitespace())
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The names in a part of the plan directory, without hidden ones.
    pub fn names(&self, part: &str) -> Vec<String> {
        let entries = fs::read_dir(self.place.join("plan").join(part)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    pub fn task_line(&self, index: usize) -> Value {
        let text = fs::read_to_string(self.place.join("plan/tasks.jsonl")).unwrap();
        serde_json::from_str(text.lines().nth(index).unwrap()).unwrap()
    }

    /// The index of the first task whose `x` fulfils this.
    pub fn task_with_x(&self, wanted: impl Fn(f64) -> bool) -> usize {
        let text = fs::read_to_string(self.place.join("plan/tasks.jsonl")).unwrap();
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .position(|task| wanted(task["spec"]["x"].as_f64().unwrap()))
            .unwrap()
    }

    pub fn claim_of(&self, index: usize) -> PathBuf {
        let id = self.task_line(index)["id"].as_str().unwrap().to_owned();
        self.place.join("plan/claims").join(id)
    }
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
