//! `protea.toml`, `protea config show` and `protea doctor`.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::place::{Place, Ran};

/// `protea` in a directory of the place, with other variables.
fn run_in(place: &Place, directory: &str, line: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = place.command();
    fs::create_dir_all(place.join(directory)).unwrap();
    command.current_dir(place.join(directory));
    command.args(line.split_whitespace());
    command.envs(variables.iter().copied());
    Ran::from(command.output().unwrap())
}

const USER: &str = ".config/protea/protea.toml";

fn values(shown: &Value, key: &str) -> (Vec<String>, String) {
    let entry = &shown["values"][key];
    let values = entry["values"].as_array().unwrap().iter();
    let values = values
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    (values, entry["origin"].as_str().unwrap().to_owned())
}

#[test]
fn files_environment_and_flags_have_their_precedence() {
    let place = Place::new();
    place.write(
        USER,
        "threads = 3\nseed = 5\nrunner-dirs = [\"r\", \"~/own\", \"/abs\"]\n",
    );
    place.write("work/protea.toml", "threads = 2\nworkspace = \"runs\"\n");
    let show = |variables: &[(&str, &str)]| {
        run_in(&place, "work/deep/er", "config show --json", variables)
            .ok()
            .json()
    };
    let shown = show(&[]);
    let one = |value: &str, origin: &str| (vec![value.to_owned()], origin.to_owned());
    assert_eq!(values(&shown, "threads"), one("2", "project"));
    assert_eq!(values(&shown, "seed"), one("5", "user"));
    assert_eq!(values(&shown, "isolation"), one("worker", "built-in"));
    let runs = place.join("work/runs");
    let runs = runs.canonicalize().unwrap_or(runs);
    let (workspace, _) = values(&shown, "workspace");
    assert!(
        Path::new(&workspace[0]).ends_with("work/runs"),
        "{workspace:?} {runs:?}"
    );
    let (directories, _) = values(&shown, "runner-dirs");
    assert_eq!(directories.len(), 3);
    assert!(
        directories[0].ends_with(".config/protea/r"),
        "{directories:?}"
    );
    assert!(
        directories[1].ends_with("/own") && directories[2] == "/abs",
        "{directories:?}"
    );
    let shown = show(&[("PROTEA_WORKSPACE", "/elsewhere")]);
    assert_eq!(
        values(&shown, "workspace"),
        one("/elsewhere", "environment")
    );
    let shown = show(&[("PROTEA_CONFIG", "off")]);
    assert_eq!(values(&shown, "threads"), one("0", "built-in"));

    // What a command uses.
    let error = |line: &str| run_in(&place, "work", line, &[]).error(3);
    assert!(
        error("runs list").contains("no workspace at"),
        "{}",
        error("runs list")
    );
    assert!(error("runs list").contains("runs"));
    assert!(error("runs list --workspace other").contains("other"));
}

#[test]
fn an_unknown_key_and_a_wrong_value_are_errors() {
    let place = Place::new();
    let error = |text: &str, line: &str| {
        place.write("work/protea.toml", text);
        let ran = run_in(&place, "work", line, &[]);
        assert!(matches!(ran.code, Some(2 | 3)), "{ran:#?}");
        ran.stderr
    };
    let unknown = error("sede = 1\n", "config show");
    assert!(
        unknown.contains("there is no key \"sede\"; did you mean \"seed\"?"),
        "{unknown}"
    );
    assert!(error("threads = \"x\"\n", "runs list").contains("threads must be a whole number"));
    assert!(error("threads = \n", "runs list").contains("line 1"));
    let wrong = error("threads = 5000\n", "run knn");
    assert!(
        wrong.contains("the value is that of 'threads' in"),
        "{wrong}"
    );
    let given = error("threads = 5000\n", "run knn --threads 4000");
    assert!(!given.contains("the value is that of"), "{given}");
    // Help and completions work all the same, and programs that stand in for others ignore the file.
    place.write("work/protea.toml", "sede = 1\n");
    run_in(&place, "work", "run --help", &[]).ok();
    run_in(&place, "work", "completions bash", &[]).ok();
    place.write("work/protea.toml", "threads = 5000\n");
    let cafa = run_in(&place, "work", "cafa go.obo p t", &[]).error(3);
    assert!(!cafa.contains("5000"), "{cafa}");
}

#[test]
fn a_project_file_cannot_run_code_or_send_data_elsewhere() {
    let place = Place::new();
    for (text, part) in [
        ("runner-dirs = [\"evil\"]", "may not set runner-dirs"),
        ("track = [\"mlflow\"]", "may not set track"),
        ("offline = false", "may not set offline"),
        (
            "isolation = \"in-process\"",
            "isolation to anything but worker",
        ),
        (
            "sandbox = \"where-possible\"",
            "sandbox to anything but strict",
        ),
        ("sandbox-env = [\"TOKEN\"]", "may not set sandbox-env"),
        ("locked = false", "locked to anything but true"),
        ("lock-file = \"own.lock\"", "may not set lock-file"),
        ("workspace = \"../other\"", "outside of its directory"),
        ("workspace = \"/other\"", "outside of its directory"),
        ("workspace = \"~/other\"", "outside of its directory"),
        ("trusted-projects = [\".\"]", "only the user's file"),
    ] {
        place.write("work/protea.toml", text);
        let error = run_in(&place, "work", "runners list", &[]).error(3);
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
    // The user's limits stay; a project can only add one.
    place.write(USER, "memory-limit = \"1GiB\"\n");
    place.write(
        "work/protea.toml",
        "memory-limit = \"900GiB\"\ntime-limit = \"9h\"\n",
    );
    let shown = run_in(&place, "work", "config show --json", &[])
        .ok()
        .json();
    assert_eq!(values(&shown, "memory-limit").0, ["1GiB"]);
    assert_eq!(values(&shown, "time-limit").0, ["9h"]);
    // The user can trust a directory.
    let trusted = format!("trusted-projects = [{:?}]\n", place.join("work"));
    place.write(USER, trusted);
    place.write(
        "work/protea.toml",
        "runner-dirs = [\"mine\"]\nmemory-limit = \"2GiB\"\n",
    );
    let shown = run_in(&place, "work/deep", "config show --json", &[])
        .ok()
        .json();
    assert!(values(&shown, "runner-dirs").0[0].ends_with("work/mine"));
}

#[test]
#[cfg(unix)]
fn a_project_file_is_no_link() {
    let place = Place::new();
    let target = place.write("secret", "token = \"abc\"\n");
    fs::create_dir(place.join("work")).unwrap();
    std::os::unix::fs::symlink(target, place.join("work/protea.toml")).unwrap();
    let error = run_in(&place, "work", "runners list", &[]).error(3);
    assert!(
        error.contains("symbolic link") && !error.contains("token"),
        "{error}"
    );
}

#[test]
fn doctor_says_what_there_is_and_fails_for_what_is_broken() {
    let place = Place::new();
    let healthy = run_in(&place, ".", "doctor", &[("PATH", "")]).ok();
    for part in [
        "processor",
        "kernel",
        "DIAMOND",
        "missing",
        "install the package",
        "workspace",
    ] {
        assert!(
            healthy.stdout.contains(part),
            "{part:?} is not in {healthy:#?}"
        );
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://user:secret@{}", listener.local_addr().unwrap());
    let mlflow = |address: &str| {
        run_in(
            &place,
            ".",
            "doctor --json",
            &[("MLFLOW_TRACKING_URI", address)],
        )
    };
    let answers = mlflow(&server).ok();
    assert!(!answers.stdout.contains("secret"), "{answers:#?}");
    drop(listener);
    let silent = mlflow(&server);
    assert_eq!(silent.code, Some(1), "{silent:#?}");
    assert_eq!(silent.json()["broken"][0], "MLflow server");
    assert!(!silent.stdout.contains("secret"), "{silent:#?}");
    for (name, value) in [
        ("PROTEA_RUNNER_PATH", "/no/such/directory"),
        ("PROTEA_KERNEL", "abacus"),
        ("PROTEA_CACHE_LIMIT", "much"),
        ("PROTEA_EXAMPLE_DATA", "/no/such/directory"),
    ] {
        let broken = run_in(&place, ".", "doctor --json", &[(name, value)]);
        assert_eq!(broken.code, Some(1), "{name}: {broken:#?}");
        assert_eq!(
            broken.json()["broken"].as_array().unwrap().len(),
            1,
            "{name}"
        );
    }
}
