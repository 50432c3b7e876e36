//! From `runners new` over cargo and `runners install` to `run`, with nothing done by hand.

use std::{fs, path::Path, process::Command};

use protea_e2e::{Place, built, in_repository, library, share_builds};

use crate::walk::{Walk, profile, walk_files};

/// The hour of an author: an empty directory, a new runner, an edit, a mistake, and its scores.
#[test]
fn the_author_s_hour() {
    let place = Place::new();
    let mut walk = Walk::new(&place);
    let created = walk.protea(&[
        "runners",
        "new",
        "my-method",
        "--description",
        "Predicts frequent terms.",
    ]);
    for part in [
        "the runner \"my-method\" is in my-method; it depends on protea in ",
        "cd my-method\n  cargo test\n  protea runners install target/debug/",
        "protea run my-method",
    ] {
        assert!(created.stdout.contains(part), "{created:#?}");
    }
    let crate_directory = place.join("my-method");
    let manifest = fs::read_to_string(crate_directory.join("Cargo.toml")).unwrap();
    for part in [
        "description = \"Predicts frequent terms.\"",
        &format!(
            "protea-contracts = {{ path = {:?} }}",
            in_repository("contracts")
        ),
        "[profile.dev]\nopt-level = 1",
    ] {
        assert!(manifest.contains(part), "{part} is not in {manifest}");
    }
    // The suite is in the command. The crate compiles neither the suite nor the host.
    for absent in ["conformance", "dev-dependencies", "version = \"1."] {
        assert!(!manifest.contains(absent), "{absent} is in {manifest}");
    }
    walk.cargo(&["fmt", "--check"]);
    share_builds(&crate_directory);

    // `cargo test` runs the suite of the command that PROTEA names.
    let tested = walk.cargo(&["test"]);
    // The profile of the repository, which replaces that of the crate here, names more packages.
    let warned = |line: &&str| line.contains("warning") && !line.contains("profile package spec");
    assert_eq!(tested.stderr.lines().find(warned), None, "{tested:#?}");
    for part in [
        "test keeps_the_contract ... ok",
        "test the_model_has_the_frequency_of_every_term ... ok",
    ] {
        assert!(tested.stdout.contains(part), "{tested:#?}");
    }
    let file = walk
        .target
        .join(profile())
        .join(library("my_method_runner"));
    let file = file.to_str().unwrap().to_owned();
    let checked = walk.protea(&["runners", "check", &file, "--filter", "^(spec|lifecycle)/"]);
    assert!(
        checked.stdout.contains("my-method lifecycle/evaluate"),
        "{checked:#?}"
    );
    assert!(checked.stdout.contains(" passed"), "{checked:#?}");
    assert!(!checked.stdout.contains("failed"), "{checked:#?}");

    // An edit with a mistake: one failure, with the command that repeats it.
    let source = crate_directory.join("src/lib.rs");
    let method = fs::read_to_string(&source).unwrap();
    let broken = method.replacen(
        "let dataset = open_dataset(&request.dataset_dir()?)?;\n        let scores",
        "let dataset = open_dataset(&request.dataset_dir()?)?;\n        let none: Vec<usize> = \
         Vec::new();\n        emit.debug(\"first\", &json!(none[dataset.len()]));\n        let scores",
        1,
    );
    assert_ne!(broken, method);
    fs::write(&source, broken).unwrap();
    let failed = walk.cargo_fails(&["test", "--test", "conformance"]);
    let failures: Vec<&str> = failed
        .stdout
        .lines()
        .filter(|line| line.trim_start().starts_with("failed ["))
        .collect();
    let [failure] = failures[..] else {
        panic!("not one failure: {failed:#?}");
    };
    assert!(
        failure.ends_with("my-method lifecycle/evaluate"),
        "{failure}"
    );
    assert!(failed.stdout.contains("index out of bounds"), "{failed:#?}");
    let repeat = failed
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("repeat:"));
    let repeat = repeat.expect("the command that repeats the test").trim();
    assert!(
        repeat.ends_with("--test lifecycle/evaluate --keep kept/lifecycle-evaluate"),
        "{repeat}"
    );
    let words: Vec<&str> = repeat.split(' ').skip(1).collect();
    let repeated = walk.protea_in(&crate_directory, &words);
    assert_eq!(repeated.code, Some(1), "{repeated:#?}");
    assert!(
        repeated
            .stdout
            .contains("1 file, 1 test: 0 passed, 1 failed"),
        "{repeated:#?}"
    );
    let kept = crate_directory.join("kept/lifecycle-evaluate");
    assert!(kept.join("datasets/eval/dataset.json").is_file());
    let models = walk_files(&kept, "model.json");
    assert_eq!(models.len(), 1, "{models:?}");

    // Another edit fixes it: the tests pass, the runner is installed and runs.
    let fixed = method.replacen("frequency.min(1.0)", "(0.5 * frequency).min(1.0)", 1);
    assert_ne!(fixed, method);
    fs::write(&source, fixed).unwrap();
    walk.cargo(&["build"]);
    let installed = walk.protea(&["runners", "install", &file]);
    assert!(
        installed.stdout.contains("my-method 0.1.0 is installed"),
        "{installed:#?}"
    );
    assert!(
        installed.stdout.contains("it conforms to the contract"),
        "{installed:#?}"
    );
    let listed = walk.protea(&["runners", "list"]);
    assert!(
        listed.stdout.contains("Predicts frequent terms."),
        "{listed:#?}"
    );
    let examples = in_repository("examples/data");
    let (train, test) = (examples.join("train"), examples.join("test"));
    let data = [
        "--train",
        train.to_str().unwrap(),
        "--eval",
        test.to_str().unwrap(),
    ];
    let run = walk.protea(&[&["run", "my-method"], &data[..]].concat());
    assert!(run.stdout.contains("MFO"), "{run:#?}");
    let run = walk
        .protea(&[&["run", "my-method", "--json"], &data[..]].concat())
        .json();
    let fmax = run["metrics"]["CCO"]["fmax"].as_f64().unwrap();
    assert!((0.1..1.0).contains(&fmax), "{fmax}");
    assert_eq!(run["spec"]["minimum_score"], 0.01);
    // A second crate of this name is told that an installed runner has it.
    let again = walk.protea(&["runners", "new", "my-method", "--path", "again"]);
    assert!(
        again
            .stderr
            .contains("a runner \"my-method\" already exists"),
        "{again:#?}"
    );
    walk.print();
}

#[test]
fn the_suite_s_test_names_the_remedy_if_protea_is_missing() {
    // What `conforms!` finds without the variable and the PATH depends on the machine; with them it
    // does not. The walk above has the rest.
    let place = Place::new();
    let file = place.write("not-a-program", "");
    for (value, part) in [
        (file.as_path(), "not-a-program\", which is not a program"),
        (Path::new("/no/protea"), "set it to the path of `protea`"),
    ] {
        let said = without_protea(value);
        assert!(said.contains(part), "{said}");
    }
}

/// The message of `conforms!` if the variable PROTEA has this value.
fn without_protea(value: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "author_path::finds_protea",
            "--ignored",
            "--nocapture",
        ])
        .env("PROTEA", value)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Not a test: what a test of an author does.
#[test]
#[ignore = "started by another test"]
fn finds_protea() {
    println!(
        "{}",
        protea_contracts::conformance::find_protea().unwrap_err()
    );
}

#[test]
fn dependencies_come_from_a_directory_or_a_repository() {
    let place = Place::new();
    let manifest = |name: &str| fs::read_to_string(place.join(name).join("Cargo.toml")).unwrap();
    let sdk = in_repository("");
    let sdk = sdk.to_str().unwrap();
    let by_path = place
        .protea(["runners", "new", "by-path", "--sdk", sdk, "--json"])
        .json();
    assert_eq!(
        by_path["contracts"],
        in_repository("contracts").to_str().unwrap()
    );
    assert!(manifest("by-path").contains("TODO: say in one line what by-path does"));
    let contracts = in_repository("contracts");
    place
        .protea([
            "runners",
            "new",
            "as-before",
            "--contracts",
            contracts.to_str().unwrap(),
        ])
        .succeeds();
    assert_eq!(
        manifest("as-before").replace("as-before", ""),
        manifest("by-path").replace("by-path", "")
    );
    let url = "https://example.org/protea.git";
    place
        .protea(["runners", "new", "by-git", "--git", url, "--rev", "v1.2.0"])
        .succeeds();
    for package in ["protea-contracts", "protea-cafa"] {
        let line = format!("{package} = {{ git = \"{url}\", rev = \"v1.2.0\" }}\n");
        assert!(manifest("by-git").contains(&line), "{}", manifest("by-git"));
    }
    for (options, part) in [
        (&["--git", "example"][..], "not the URL of a git repository"),
        (&["--git", "https://a b"], "not the URL of a git repository"),
        (&["--git", url, "--sdk", sdk], "cannot be used with"),
        (&["--rev", "v1"], "--git"),
        (&["--sdk", "nowhere"], "not protea's repository or SDK"),
        (&["--description", " "], "one line that is not empty"),
        (
            &["--description", "two\nlines"],
            "one line that is not empty",
        ),
    ] {
        let arguments = [&["runners", "new", "other"], options].concat();
        place.protea(arguments).fails_with(2, &[part]);
        assert!(!place.join("other").exists());
    }
}

#[test]
fn new_rejects_an_invalid_name_and_an_existing_directory() {
    let place = Place::new();
    for name in ["../up", "My", "a b", "a\nb", "1st", ""] {
        place
            .protea(["runners", "new", name])
            .fails_with(2, &["invalid runner name"]);
    }
    // A runner beside the command would be found before an installed one.
    place
        .protea(["runners", "new", "knn"])
        .fails_with(2, &["the name \"knn\" is taken", &library("protea_knn")]);
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
    let ran = place.protea(["runners", "install", toy.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stdout.contains("replacing version 1."), "{ran:#?}");
    // The same file is in the directory of the executable: it makes no difference which is used.
    assert!(!ran.stderr.contains("takes precedence"), "{ran:#?}");
    // Another build: the loader ignores what follows the library.
    let other = [fs::read(&toy).unwrap(), vec![0]].concat();
    let other = place.write(&library("other"), other);
    let install = ["runners", "install", "--no-check", other.to_str().unwrap()];
    let ran = place.protea(install);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
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
        .fails_with(3, &["there is no file nowhere.so", "`cargo build` wrote"]);
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
            "`protea runners check",
            "--no-check",
        ],
    );
    assert!(
        refused.stderr.contains("checking once-only"),
        "{refused:#?}"
    );
    // One fault, one failure.
    assert!(!refused.stderr.contains("two-at-once"), "{refused:#?}");
    assert_eq!(refused.stdout, "");
    let users = place.join("data-home/protea/runners");
    assert_eq!(fs::read_dir(&users).unwrap().count(), 0);

    // `install` reads conformance.toml too.
    place.write(
        "conformance.toml",
        "[skip]\n\"isolation/repeated\" = \"a licence for one call\"\n",
    );
    let installed = place.protea(["runners", "install", animal]);
    assert_eq!(installed.code, Some(0), "{installed:#?}");
    assert!(
        installed.stdout.contains("it conforms to the contract"),
        "{installed:#?}"
    );
}
