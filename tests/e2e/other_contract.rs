//! Runners and hosts of different minor versions of the contract understand each other.
//!
//! Three contracts are built from this source, with a tiny runner and a tiny host each: version 1.0.0,
//! before runners could explain; the contract as it is; and one that has grown (a younger minor version,
//! a request field, a function in the root module and in the sink's table, a trait method, a kind of
//! error). Every host opens all runners.

mod changes;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use protea_contracts::CONTRACT_VERSION;
use protea_e2e::{
    Place, build_own_workspace, in_repository, library, profile_directory, shared_features, test,
    train,
};
use serde_json::{Value, json};

use changes::{APPENDED, GROWTH, LATER};

const FIRST_VERSION: &str = "1.0.0";
const GROWN_VERSION: &str = "1.99.0";

/// Writes only what changed, so that Cargo builds only that.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn sources(directory: &Path, below: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            sources(directory, &path, into);
        } else {
            into.push(path);
        }
    }
}

fn grow(file: &Path, text: String) -> String {
    let mut text = text;
    for (of, behind, added) in GROWTH {
        if file == Path::new(of) {
            let at = text.find(behind).unwrap_or_else(|| {
                panic!("{of} no longer has {behind:?}: let GROWTH of this test follow it")
            });
            text.insert_str(at + behind.len(), added);
        }
    }
    for (of, added) in APPENDED {
        if file == Path::new(of) {
            text.push_str(added);
        }
    }
    text
}

/// The contract before it had what [`LATER`] lists.
fn shrink(file: &Path, text: String) -> String {
    let mut text = text;
    for (of, begin, end) in LATER {
        if file == Path::new(of) {
            let at = text.find(begin);
            let range = at.and_then(|at| Some(at..at + text[at..].find(end)? + end.len()));
            let range = range.unwrap_or_else(|| {
                panic!("{of} no longer has {begin:?} … {end:?}: let LATER of this test follow it")
            });
            text.replace_range(range, "");
        }
    }
    text
}

/// A contract, by its age.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Age {
    First,
    Today,
    Grown,
}

impl Age {
    const ALL: [Self; 3] = [Self::First, Self::Today, Self::Grown];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Today => "today",
            Self::Grown => "grown",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::First => FIRST_VERSION,
            Self::Today => CONTRACT_VERSION,
            Self::Grown => GROWN_VERSION,
        }
    }

    /// The source of the contract then.
    fn source(self, file: &Path, text: String) -> String {
        match self {
            Self::First => shrink(file, text),
            Self::Today => text,
            Self::Grown => grow(file, text),
        }
    }

    /// What runner and host may use.
    fn features(self) -> &'static str {
        match self {
            Self::First => "[]",
            Self::Today => "[\"explains\"]",
            Self::Grown => "[\"explains\", \"grown\"]",
        }
    }
}

/// Lays out a workspace of the contract, a runner and a host, and builds it.
fn build(age: Age, directory: &Path) {
    let name = age.name();
    let workspace = directory.join(name);
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let root = read(&in_repository("Cargo.toml"));
    let (before, after) = root.split_once("members = [").unwrap();
    let (_, after) = after.split_once(']').unwrap();
    let (between, after) = after.split_once("default-members = [").unwrap();
    let (_, after) = after.split_once(']').unwrap();
    let mut root =
        format!("{before}members = [\"contracts\", \"runner\", \"host\"]{between}{after}");
    let version = |version: &str| format!("version = \"{version}\"\n");
    assert!(root.contains(&version(CONTRACT_VERSION)));
    root = root.replacen(&version(CONTRACT_VERSION), &version(age.version()), 1);
    write(&workspace.join("Cargo.toml"), &root);
    write(
        &workspace.join("Cargo.lock"),
        &read(&in_repository("Cargo.lock")),
    );

    let contracts = in_repository("contracts");
    let mut files = Vec::new();
    sources(&contracts, Path::new(""), &mut files);
    let mut earlier = Vec::new();
    let copy = workspace.join("contracts");
    if copy.is_dir() {
        sources(&copy, Path::new(""), &mut earlier);
    }
    // A file that moved since the last build would be a second source of its module.
    for file in earlier.iter().filter(|file| !files.contains(file)) {
        fs::remove_file(copy.join(file)).unwrap();
    }
    for file in files {
        let text = read(&contracts.join(&file));
        let text = age.source(&file, text);
        write(&workspace.join("contracts").join(file), &text);
    }
    for (package, lib, features) in [
        (
            "runner",
            "[lib]\ncrate-type = [\"cdylib\"]\npath = \"main.rs\"",
            "[]",
        ),
        (
            "host",
            "[[bin]]\nname = \"host_NAME\"\npath = \"main.rs\"",
            "[\"host\"]",
        ),
    ] {
        let of = in_repository("tests/e2e/other_contract").join(format!("{package}.rs"));
        write(&workspace.join(package).join("main.rs"), &read(&of));
        let lib = lib.replace("NAME", name);
        let default = age.features();
        let manifest = format!(
            "[package]\nname = \"{package}_{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{lib}\n\n\
             [features]\nexplains = []\ngrown = []\ndefault = {default}\n\n[dependencies]\n\
             protea-contracts = {{ path = \"../contracts\", features = {features} }}\n\
             serde_json.workspace = true\n\n{}",
            shared_features()
        );
        write(&workspace.join(package).join("Cargo.toml"), &manifest);
    }
    build_own_workspace(&workspace.join("Cargo.toml"), &directory.join("target"));
}

/// The directory of all hosts and runners; kept between test runs.
fn all() -> &'static Path {
    static ALL: LazyLock<PathBuf> = LazyLock::new(|| {
        let profile = profile_directory();
        let directory = profile.join("other-contract");
        for age in Age::ALL {
            build(age, &directory);
        }
        directory.join("target").join(profile.file_name().unwrap())
    });
    &ALL
}

/// What a host says of runners that it opens in this order.
fn ask(host: Age, runners: &[Age]) -> Vec<Value> {
    let output = Command::new(all().join(format!("host_{}", host.name())))
        .args(
            runners
                .iter()
                .map(|age| all().join(library(&format!("runner_{}", age.name())))),
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the host has to say of the runner.
fn expected(host: Age, runner: Age) -> Value {
    let both_have = |age| host >= age && runner >= age;
    let runner_has_grown = runner == Age::Grown;
    let extras = match (runner_has_grown, host == Age::Grown) {
        (false, _) => json!({}),
        (true, false) => json!({ "note": "none", "host_clock": 0 }),
        (true, true) => json!({ "note": "of a grown host", "host_clock": 1234 }),
    };
    let mut events = vec!["tiny.fit"];
    events.extend(both_have(Age::Today).then_some("tiny.explain"));
    events.extend(both_have(Age::Grown).then_some("tiny.foresee"));
    json!({
        "contract": runner.version(),
        "fit": { "model_uri": "file:///nowhere/model", "metrics": { "seed": 0.0 }, "extras": extras },
        "evaluate": match (runner_has_grown, host == Age::Grown) {
            (false, _) => "evaluate is not supported: fit",
            (true, false) => "quota: none left",
            (true, true) => "none left",
        },
        "explain": match (host, runner) {
            (Age::First, _) => Value::Null,
            (_, Age::First) => json!(format!(
                "explain is not supported: this runner was built for a contract before 1.1.0; \
                 rebuild it against protea-contracts {}",
                host.version()
            )),
            _ => json!({ "declared": true, "P1": 0.75 }),
        },
        "foresee": match (host, runner) {
            (Age::Grown, Age::Grown) => json!("it has grown"),
            (Age::Grown, _) => json!(format!(
                "foresee is not supported: this runner was built for a contract before \
                 {GROWN_VERSION}; rebuild it against protea-contracts {GROWN_VERSION}"
            )),
            _ => Value::Null,
        },
        "events": events,
    })
}

#[test]
fn older_and_younger_runners_and_hosts_work_together() {
    use Age::{First, Grown, Today};
    for host in Age::ALL {
        for runners in [
            [First].as_slice(),
            &[Today],
            &[Grown],
            // One process has one record of layouts seen, which the first runner begins.
            &[First, Today, Grown],
            &[Grown, Today, First],
            &[Today, Grown, First, Today],
        ] {
            let said = ask(host, runners);
            let names: Vec<&str> = runners.iter().map(|age| age.name()).collect();
            let case = format!("host {}, runners {names:?}", host.name());
            assert_eq!(said.len(), runners.len(), "{case}");
            for (runner, mut said) in runners.iter().zip(said) {
                let panicked = said
                    .as_object_mut()
                    .and_then(|said| said.remove("export"))
                    .unwrap_or_else(|| panic!("{case}: {said:#}"));
                assert!(
                    panicked.as_str().unwrap().contains("on purpose"),
                    "{panicked}"
                );
                assert_eq!(said, expected(host, *runner), "{case}");
            }
        }
    }
}

#[test]
fn protea_itself_runs_a_runner_of_a_younger_contract() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    let file = library("runner_grown");
    fs::copy(all().join(&file), runners.join(&file)).unwrap();
    let fit = place.protea([
        "fit".as_ref(),
        "tiny".as_ref(),
        "--json".as_ref(),
        "--runner-dir".as_ref(),
        runners.as_os_str(),
        "--train".as_ref(),
        train().as_os_str(),
        "--seed".as_ref(),
        "7".as_ref(),
    ]);
    let fitted = fit.json();
    assert_eq!(fitted["steps"][0]["metrics"]["seed"], 7.0, "{fitted:#}");
    let list = place.protea([
        "runners".as_ref(),
        "list".as_ref(),
        "--runner-dir".as_ref(),
        runners.as_os_str(),
    ]);
    assert!(list.stdout.contains(GROWN_VERSION), "{list:#?}");
}

#[test]
fn protea_itself_tells_that_an_older_runner_cannot_explain_yet() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    let file = library("runner_first");
    fs::copy(all().join(&file), runners.join(&file)).unwrap();
    let (train, test) = (train(), test());
    let (runners, train, test) = (
        runners.to_str().unwrap(),
        train.to_str().unwrap(),
        test.to_str().unwrap(),
    );
    let place_of_it = ["--runner-dir", runners, "--json"];
    let fit = ["fit", "tiny", "--train", train];
    let fitted = place.protea(fit.iter().chain(&place_of_it)).json();
    let run = fitted["run_id"].as_str().unwrap();
    let info = ["runners", "info", "tiny"];
    let info = place.protea(info.iter().chain(&place_of_it)).json();
    assert_eq!(info["contract_version"], FIRST_VERSION);
    assert_eq!(info["explains"], false);
    for isolation in ["worker", "in-process"] {
        let explain = ["explain", run, "P1", "--dataset", test];
        let isolation = ["--isolation", isolation];
        let explain = explain.iter().chain(&place_of_it).chain(&isolation);
        place.protea(explain).fails_with(
            1,
            &[
                "explain is not supported",
                "built for a contract before 1.1.0",
                "rebuild it against protea-contracts",
            ],
        );
    }
}
