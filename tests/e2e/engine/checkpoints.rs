//! A fit that was interrupted goes on from what its runner saved.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use protea_e2e::{Place, Ran, built, compile_c, test, train};
use serde_json::Value;

use super::setup::until;

const STEPS: usize = 10;

struct Stepwise {
    place: Place,
    arguments: String,
}

impl Stepwise {
    fn new() -> Self {
        let place = Place::new();
        let directory = place.runner_directory("runners", &[]);
        compile_c("tests/e2e/c/stepwise.c", "stepwise", &directory, &[]);
        let arguments = format!(
            "stepwise --grid steps=10 --runner-dir runners --quiet --seed 3 --train {} --eval {}",
            train().display(),
            test().display()
        );
        Self { place, arguments }
    }

    fn command(&self, words: &str, holds: &str) -> Command {
        let mut command = self.place.command(&built().join("protea"));
        command
            .args(words.split_whitespace())
            .env("STEPWISE_STARTS", self.place.join("starts"));
        if !holds.is_empty() {
            command.env("STEPWISE_HOLDS", holds);
        }
        command
    }

    fn protea(&self, words: &str) -> Ran {
        Ran::from(self.command(words, "").output().unwrap())
    }

    /// The steps that were begun, in their order.
    fn starts(&self) -> Vec<usize> {
        let text = fs::read_to_string(self.place.join("starts")).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Runs a command until its fit holds after a step, and sends it a signal.
    fn interrupted(&self, words: &str, step: usize, signal: &str) -> Option<i32> {
        let mut child = self.command(words, &step.to_string());
        let mut child = child
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the step is begun", || self.starts().last() == Some(&step));
        until("its state is saved", || {
            let states = files_named(self.place.path(), "state");
            states.iter().any(|file| {
                let state = fs::read_to_string(file).unwrap_or_default();
                state.split(' ').next() == Some(&step.to_string())
            })
        });
        ended_by(&mut child, signal)
    }

    /// The model below a directory, and its score.
    fn model(&self, workspace: &str) -> (Vec<u8>, Value) {
        let models = files_named(&self.place.join(workspace), "model.json");
        let manifests = files_named(&self.place.join(workspace), "run_manifest.json");
        let finished: Vec<Value> = manifests
            .iter()
            .map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
            .filter(|manifest: &Value| {
                manifest["status"] == "finished" && manifest["model_uri"].is_string()
            })
            .collect();
        assert_eq!((models.len(), finished.len()), (1, 1), "{workspace}");
        (
            fs::read(&models[0]).unwrap(),
            finished[0]["metrics"].clone(),
        )
    }
}

fn ended_by(child: &mut Child, signal: &str) -> Option<i32> {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap().code()
}

fn files_named(directory: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_named(&path, name));
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_killed_task_goes_on_where_it_was() {
    let stepwise = Stepwise::new();
    let run = format!("search {}", stepwise.arguments);
    stepwise
        .protea(&format!("{run} --workspace local"))
        .succeeds();
    let all: Vec<usize> = (1..=STEPS).collect();
    assert_eq!(stepwise.starts(), all);
    fs::remove_file(stepwise.place.join("starts")).unwrap();

    stepwise
        .protea(&format!("{run} --workspace w --plan plan "))
        .succeeds();
    let task = "task plan --index 0 --quiet";
    fs::create_dir(stepwise.place.join("scratch")).unwrap();
    let scratch = format!("{task} --scratch scratch");
    // By a scheduler that asks; by one that does not, in scratch space; by the system.
    assert_eq!(stepwise.interrupted(task, 3, "-TERM"), Some(75));
    assert_eq!(stepwise.interrupted(&scratch, 5, "-USR1"), Some(75));
    assert_eq!(stepwise.interrupted(&scratch, 6, "-KILL"), None);
    assert_eq!(stepwise.interrupted(task, 8, "-KILL"), None);
    assert_eq!(
        files_named(&stepwise.place.join("plan/checkpoints"), "state").len(),
        1
    );
    stepwise.protea(task).succeeds();
    // No step was begun a second time.
    assert_eq!(stepwise.starts(), all);
    assert_eq!(
        fs::read_dir(stepwise.place.join("plan/checkpoints"))
            .unwrap()
            .count(),
        0
    );

    stepwise.protea("gather plan --quiet").succeeds();
    assert_eq!(stepwise.model("w"), stepwise.model("local"));
}

#[test]
fn a_fit_that_ended_is_not_made_again() {
    let stepwise = Stepwise::new();
    let run = format!("search {} --workspace w --plan plan", stepwise.arguments);
    stepwise.protea(&run).succeeds();
    let task = "task plan --index 0 --quiet";
    let mut child = stepwise.command(task, "evaluate");
    let mut child = child
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the fit has ended", || {
        !files_named(&stepwise.place.join("plan/work"), "model.json").is_empty()
    });
    assert_eq!(ended_by(&mut child, "-KILL"), None);
    stepwise.protea(task).succeeds();
    assert_eq!(stepwise.starts().len(), STEPS);
}

#[test]
fn a_local_run_goes_on_where_it_was() {
    let stepwise = Stepwise::new();
    let run = format!("search {} --workspace", stepwise.arguments);
    stepwise.protea(&format!("{run} other")).succeeds();
    fs::remove_file(stepwise.place.join("starts")).unwrap();
    let run = format!("{run} w");
    assert_eq!(stepwise.interrupted(&run, 4, "-KILL"), None);
    assert_eq!(stepwise.interrupted(&run, 7, "-INT"), Some(130));
    stepwise.protea(&run).succeeds();
    assert_eq!(stepwise.starts(), (1..=STEPS).collect::<Vec<_>>());
    assert_eq!(stepwise.model("w"), stepwise.model("other"));
    assert_eq!(
        fs::read_dir(stepwise.place.join("w/.protea/checkpoints"))
            .unwrap()
            .count(),
        0
    );
    // One that is to be made again starts from the beginning.
    let other = format!("search {} --workspace more", stepwise.arguments);
    fs::remove_file(stepwise.place.join("starts")).unwrap();
    assert_eq!(stepwise.interrupted(&other, 2, "-INT"), Some(130));
    stepwise.protea(&format!("{other} --recompute")).succeeds();
    assert_eq!(stepwise.starts().len(), 2 + STEPS);
}

#[test]
fn a_checkpoint_with_a_link_in_it_is_not_used() {
    let stepwise = Stepwise::new();
    let run = format!("search {} --workspace w", stepwise.arguments);
    let mut child = stepwise.command(&run, "2");
    let child = child.env("STEPWISE_LEAVES", "1");
    let mut child = child
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let linked = || !files_named(&stepwise.place.join("w/.protea/checkpoints"), "link").is_empty();
    until("there is a link", || {
        stepwise.starts().last() == Some(&2) && linked()
    });
    assert_eq!(ended_by(&mut child, "-INT"), Some(130));
    stepwise.protea(&run).succeeds();
    let expected: Vec<usize> = [1, 2].into_iter().chain(1..=STEPS).collect();
    assert_eq!(stepwise.starts(), expected);
}
