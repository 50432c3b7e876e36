//! From `runners new` over cargo and `runners install` to `run`, with nothing done by hand.

use std::{fs, process::Command};

use protea_e2e::{Place, built, in_own_workspace, in_repository, library};

#[test]
fn a_new_runner_builds_passes_its_tests_is_installed_and_runs() {
    let place = Place::new();
    let contracts = in_repository("contracts");
    let contracts = contracts.to_str().unwrap();
    let new = place
        .protea([
            "runners",
            "new",
            "my-method",
            "--contracts",
            contracts,
            "--json",
        ])
        .json();
    let directory = place.join("my-method");
    assert_eq!(new["directory"], directory.to_str().unwrap());

    // The versions that this repository was tested with, so that nothing new has to be fetched.
    fs::copy(in_repository("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    let target = built().join("my-runner");
    let cargo = |arguments: &[&str]| {
        let output = in_own_workspace(&mut Command::new(env!("CARGO")), &target)
            .args(arguments)
            .current_dir(&directory)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "cargo {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = cargo(&["build"]);
    assert!(!said.contains("warning"), "{said}");
    // The suite is among them.
    cargo(&["test"]);
    cargo(&["fmt", "--check"]);

    let file = target.join("debug").join(new["library"].as_str().unwrap());
    assert!(file.ends_with(library("my_method_runner")));
    let file = file.to_str().unwrap();
    let checked = place.protea(["runners", "check", file, "--json"]).json();
    assert_eq!(checked["summary"]["failed"], 0, "{checked:#}");
    assert_eq!(checked["summary"]["warning"], 0, "{checked:#}");
    let installed = place.protea(["runners", "install", file, "--json"]).json();
    assert_eq!(installed["checked"], true);
    let users = place
        .join("data-home/protea/runners")
        .join(library("my-method"));
    assert_eq!(installed["path"], users.to_str().unwrap());
    assert_eq!(installed["replaced_version"], serde_json::Value::Null);

    let examples = in_repository("examples/data");
    let run = place
        .protea([
            "run",
            "my-method",
            "--json",
            "--train",
            examples.join("train").to_str().unwrap(),
            "--eval",
            examples.join("test").to_str().unwrap(),
        ])
        .json();
    let fmax = run["metrics"]["CCO"]["fmax"].as_f64().unwrap();
    assert!((0.1..1.0).contains(&fmax), "{fmax}");
    assert_eq!(run["spec"]["minimum_score"], 0.01);
}

#[test]
fn new_rejects_an_invalid_name_and_an_existing_directory() {
    let place = Place::new();
    for name in ["../up", "My", "a b", "a\nb", "1st", ""] {
        place
            .protea(["runners", "new", name])
            .fails_with(2, &["invalid runner name"]);
    }
    place.write("taken", "");
    place
        .protea(["runners", "new", "taken"])
        .fails_with(5, &["taken already exists"]);
    place
        .protea(["runners", "new", "other", "--contracts", "nowhere"])
        .fails_with(2, &["not the directory of the crate protea-contracts"]);
    let mut left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(left.pop().unwrap().unwrap().file_name(), "taken");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn installing_replaces_the_runner_with_the_same_name() {
    let place = Place::new();
    let users = place.runner_directory("data-home/protea/runners", &[]);
    let before = users.join(library("renamed"));
    let toy = built().join(library("protea_toy"));
    fs::copy(&toy, &before).unwrap();
    let toy = toy.to_str().unwrap();
    let ran = place.protea(["runners", "install", toy]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stdout.contains("replacing version 1."), "{ran:#?}");
    // Runners in the directory of the executable take precedence.
    assert!(
        ran.stderr
            .contains("takes precedence over the installed one"),
        "{ran:#?}"
    );
    let names: Vec<_> = fs::read_dir(&users)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, [library("renamed")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&before).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o755);
    }
}

#[test]
fn a_file_that_does_not_load_is_not_installed() {
    let place = Place::new();
    let notes = place.write("notes.so", "not a library");
    place
        .protea(["runners", "install", notes.to_str().unwrap()])
        .fails_with(4, &["notes.so cannot be installed", "not a shared library"]);
    place
        .protea(["runners", "install", "nowhere.so"])
        .fails_with(4, &["nowhere.so cannot be installed", "cannot be read"]);
    assert!(!place.join("data-home").exists());

    // Its descriptor has another name than its code.
    let mut bytes = fs::read(built().join(library("protea_toy"))).unwrap();
    let magic = protea_contracts::descriptor::MAGIC;
    let at = bytes
        .windows(16)
        .position(|window| window == magic)
        .unwrap();
    bytes[at + 24] = b'j';
    let liar = place.write("liar.so", &bytes);
    let liar = liar.to_str().unwrap();
    place
        .protea(["runners", "install", liar])
        .fails_with(4, &["liar.so is not installed", "its descriptor says joy"]);
    let users = place.join("data-home/protea/runners");
    assert_eq!(fs::read_dir(&users).unwrap().count(), 0);

    let installed = place.protea(["runners", "install", liar, "--no-check"]);
    assert_eq!(installed.code, Some(0), "{installed:#?}");
    assert!(
        installed.stderr.contains("joy was not checked"),
        "{installed:#?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_runner_that_breaks_the_contract_is_not_installed() {
    use protea_e2e::zoo;

    let place = Place::new();
    let animal = zoo::directory().join(library("once_only"));
    let animal = animal.to_str().unwrap();
    let refused = place.protea(["runners", "install", animal]);
    refused.fails_with(
        1,
        &[
            "libonce_only.so is not installed",
            "failed isolation/repeated: fit 2 of 50",
            "failed threads/two-at-once",
            "`protea runners check",
            "--no-check",
        ],
    );
    assert!(
        refused.stderr.contains("checking once-only"),
        "{refused:#?}"
    );
    assert_eq!(refused.stdout, "");
    let users = place.join("data-home/protea/runners");
    assert_eq!(fs::read_dir(&users).unwrap().count(), 0);

    // `install` reads conformance.toml too.
    place.write(
        "conformance.toml",
        "[skip]\n\"isolation/repeated\" = \"a licence for one call\"\n\
         \"threads/two-at-once\" = \"a licence for one call\"\n",
    );
    let installed = place.protea(["runners", "install", animal]);
    assert_eq!(installed.code, Some(0), "{installed:#?}");
    assert!(
        installed.stdout.contains("it keeps the contract"),
        "{installed:#?}"
    );
}
