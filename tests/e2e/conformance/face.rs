//! The options of `protea runners check`, what it prints and writes, and its exit codes.

use std::{collections::BTreeMap, fs, path::PathBuf};

use protea_e2e::{Place, Ran, built, in_repository, library};
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::Value;

fn toy() -> String {
    path(built().join(library("protea_toy")))
}

fn path(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

fn check(place: &Place, arguments: &[&str]) -> Ran {
    place.protea([&["runners", "check"], arguments].concat())
}

/// The status of every test in a report as JSON.
fn statuses(report: &Value, file: usize) -> BTreeMap<String, String> {
    let tests = report["files"][file]["tests"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tests
        .iter()
        .map(|test| (text(&test["name"]), text(&test["status"])))
        .collect()
}

#[test]
fn tests_are_listed_and_chosen_by_name() {
    let place = Place::new();
    let names = |arguments: &[&str]| -> Vec<String> {
        let listed = check(&place, &[arguments, &["--list", "--json"]].concat()).json();
        let tests = listed.as_array().unwrap();
        for test in tests {
            assert!(!test["description"].as_str().unwrap().is_empty(), "{test}");
        }
        let name = |test: &Value| test["name"].as_str().unwrap().to_owned();
        tests.iter().map(name).collect()
    };
    let all = names(&[]);
    assert!(all.len() > 50, "{all:?}");
    let load = names(&["--filter", "^load/"]);
    assert!(load.contains(&"load/twice".to_owned()), "{load:?}");
    assert!(load.iter().all(|name| name.starts_with("load/")));
    assert_eq!(
        names(&[
            "--filter",
            "^load/",
            "--filter",
            "^spec/schema$",
            "--exclude",
            "twice|once"
        ]),
        load.iter()
            .filter(|name| !name.contains("twice") && !name.contains("once"))
            .map(String::as_str)
            .chain(["spec/schema"])
            .collect::<Vec<_>>()
    );
    // As text, a line each.
    let listed = check(&place, &["--list"]);
    assert_eq!(listed.code, Some(0));
    assert!(listed.stdout.contains("determinism/export"), "{listed:#?}");

    // Only selected tests are run.
    let report = check(&place, &[&toy(), "--json", "--filter", "^load/"]).json();
    let run: Vec<String> = statuses(&report, 0).into_keys().collect();
    let mut load = load;
    load.sort();
    assert_eq!(run, load);
    let summary = &report["summary"];
    // With one file, there is no other runner for load/with-others.
    assert_eq!(summary["passed"], load.len() - 1, "{summary}");
    assert_eq!(summary["skipped"], 1, "{summary}");
    assert_eq!(summary["failed"], 0, "{summary}");
}

#[test]
fn the_book_has_every_test() {
    let listed = check(&Place::new(), &["--list", "--json"]).json();
    let book = fs::read_to_string(in_repository("docs/src/conformance.md")).unwrap();
    for test in listed.as_array().unwrap() {
        let text = |key: &str| test[key].as_str().unwrap().to_owned();
        let row = format!("| `{}` | {} |", text("name"), text("description"));
        assert!(book.contains(&row), "{row}");
    }
}

#[test]
fn a_broken_file_holds_up_no_other_and_makes_the_exit_code_one() {
    let place = Place::new();
    let notes = path(place.write("notes.so", "not a library"));
    let (missing, toy) = (path(place.join("nowhere.so")), toy());
    let files = [notes.as_str(), missing.as_str(), toy.as_str()];
    let ran = check(
        &place,
        &[&files[..], &["--filter", "^(descriptor|load)/"]].concat(),
    );
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    for part in ["notes.so", "nowhere.so"] {
        assert!(ran.stderr.contains(part), "{ran:#?}");
    }
    assert!(!ran.stderr.contains("protea_toy"), "{ran:#?}");
    assert!(ran.stdout.contains("toy load/opens"), "{ran:#?}");
    assert!(ran.stdout.contains("expected: "), "{ran:#?}");
    assert!(ran.stdout.contains("remedy: "), "{ran:#?}");
    assert!(ran.stdout.contains("3 files"), "{ran:#?}");

    let quiet = check(
        &place,
        &[
            &files[..],
            &["--filter", "^(descriptor|load)/", "--only-failed"],
        ]
        .concat(),
    );
    assert!(!quiet.stdout.contains("toy load/opens"), "{quiet:#?}");
    assert!(quiet.stdout.contains("descriptor/readable"), "{quiet:#?}");
    assert!(!quiet.stdout.contains("descriptor/legal"), "{quiet:#?}");
    // Alone, it is not a runner that breaks the contract.
    for (file, what) in [("nowhere.so", "does not exist"), (".", "is a directory")] {
        check(&place, &[file]).fails_with(3, &[file, what, "`cargo build` wrote"]);
    }
}

#[test]
fn as_many_at_a_time_as_is_wished_come_to_the_same() {
    let place = Place::new();
    let with_jobs = |jobs: &str| {
        let chosen = "^(descriptor|spec|lifecycle|results)/";
        let report = check(
            &place,
            &[&toy(), "--json", "--filter", chosen, "--jobs", jobs],
        );
        statuses(&report.json(), 0)
    };
    assert_eq!(with_jobs("1"), with_jobs("4"));
    check(&place, &[&toy(), "--jobs", "0"]).fails_with(2, &["--jobs"]);
}

#[test]
fn the_junit_file_has_every_test_with_its_failure() {
    let place = Place::new();
    let notes = path(place.write("notes.so", "not a library"));
    let ran = check(
        &place,
        &[
            &toy(),
            &notes,
            "--filter",
            "^(descriptor|load)/",
            "--junit",
            "report.xml",
        ],
    );
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let xml = fs::read_to_string(place.join("report.xml")).unwrap();
    let report = Report::deserialize_from_str(&xml).unwrap();
    assert_eq!(report.test_suites.len(), 2);
    assert_eq!((report.failures, report.errors), (1, 0));
    let [toy, notes] = &report.test_suites[..] else {
        panic!("{xml}");
    };
    assert_eq!(
        (toy.name.as_str(), notes.name.as_str()),
        ("toy", "notes.so")
    );
    assert_eq!(report.tests, toy.tests + notes.tests);
    assert_eq!((toy.tests, toy.failures), (notes.tests, 0));
    let failed = notes.test_cases.iter().find_map(|case| match &case.status {
        TestCaseStatus::NonSuccess {
            kind,
            message,
            description,
            ..
        } => Some((case.name.as_str(), *kind, message, description)),
        _ => None,
    });
    let (name, kind, message, description) = failed.unwrap();
    assert_eq!(
        (name, kind),
        ("descriptor/readable", NonSuccessKind::Failure)
    );
    assert!(message.as_ref().unwrap().contains("expected: "), "{xml}");
    let description = description.as_ref().unwrap();
    assert!(description.contains("not a shared library"), "{xml}");
    assert!(description.contains("remedy: "), "{xml}");
    let skipped = |status: &TestCaseStatus| match status {
        TestCaseStatus::Skipped { message, .. } => {
            message.as_ref().map(|text| text.as_str().to_owned())
        }
        _ => None,
    };
    let reasons: Vec<String> = notes
        .test_cases
        .iter()
        .filter_map(|case| skipped(&case.status))
        .collect();
    assert_eq!(reasons.len(), notes.tests - 1);
    assert!(reasons[0].contains("descriptor/readable"), "{reasons:?}");

    check(
        &place,
        &[&notes_of(&place), "--junit", "no/such/report.xml"],
    )
    .fails_with(2, &["report.xml cannot be written"]);
}

#[test]
fn a_failed_test_has_the_command_that_repeats_it() {
    let place = Place::new();
    path(place.write("it's notes.so", "not a library"));
    let chosen = ["--test", "descriptor/readable", "--time-limit", "90s"];
    let ran = check(&place, &[&["it's notes.so"], &chosen[..]].concat());
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let command = "protea runners check 'it'\\''s notes.so' --test descriptor/readable \
                   --time-limit 90000ms --keep kept/descriptor-readable";
    assert!(
        ran.stdout.contains(&format!("repeat:   {command}\n")),
        "{ran:#?}"
    );
    let again = check(
        &place,
        &[&["it's notes.so", "--json"], &chosen[..]].concat(),
    );
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        report["files"][0]["tests"][0]["repeat"], command,
        "{report:#}"
    );

    // What is kept: the datasets, and what each test wrote.
    let toy = toy();
    let kept = check(&place, &[&toy, "--test", "lifecycle/fit", "--keep", "kept"]);
    kept.succeeds();
    assert!(kept.stderr.contains("are kept in kept"), "{kept:#?}");
    for file in [
        "datasets/train/dataset.json",
        "datasets/eval/dataset.json",
        "lifecycle-fit-1/train/dataset.json",
        "lifecycle-fit-1/model/model.json",
    ] {
        assert!(place.join("kept").join(file).is_file(), "{file}");
    }
}

fn notes_of(place: &Place) -> String {
    path(place.join("notes.so"))
}

#[test]
fn conformance_toml_is_heeded_and_its_mistakes_are_named() {
    let place = Place::new();
    let toy = toy();
    let write = |text: &str| {
        place.write("conformance.toml", text);
    };
    write("[skip]\n\"load/twice\" = \"opened once only, by design\"\n");
    let chosen = ["--filter", "^load/twice$", "--json"];
    let report = check(&place, &[&[toy.as_str()], &chosen[..]].concat()).json();
    let test = &report["files"][0]["tests"][0];
    assert_eq!(test["status"], "skipped", "{test}");
    assert_eq!(test["reason"], "opened once only, by design");

    // --config replaces conformance.toml.
    place.write("other.toml", "time-limit = 30\n");
    let other = [&[toy.as_str(), "--config", "other.toml"], &chosen[..]].concat();
    let report = check(&place, &other).json();
    assert_eq!(report["files"][0]["tests"][0]["status"], "passed");

    // A spec that the runner rejects fails spec/defaults.
    write("[spec]\nsurely_no_setting = 1\n");
    let ran = check(&place, &[&toy, "--filter", "^spec/defaults$"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stdout.contains("surely_no_setting"), "{ran:#?}");

    for (text, parts) in [
        (
            "time_limit = 5\n",
            &["conformance.toml", "time_limit", "time-limit"][..],
        ),
        (
            "[skip]\n\"load/twise\" = \"x\"\n",
            &["load/twise", "--list"],
        ),
        ("time-limit = 0\n", &["time-limit", "above 0"]),
        ("[datasets]\ntrain = 'a'\n", &["conformance.toml", "eval"]),
        ("[datasets]\ntrain = 'a'\neval = 'b'\n", &["a"]),
        ("time-limit = [\n", &["conformance.toml", "line 1"]),
    ] {
        write(text);
        check(&place, &[&toy]).fails_with(2, parts);
    }
    check(&place, &[&toy, "--config", "nowhere.toml"]).fails_with(2, &["nowhere.toml"]);
}

#[test]
fn misuse_is_told_from_a_broken_contract() {
    let place = Place::new();
    let toy = toy();
    check(&place, &[]).fails_with(2, &["FILE"]);
    check(&place, &[&toy, "--filter", "no-such-test"]).fails_with(2, &["no-such-test", "--list"]);
    check(&place, &[&toy, "--exclude", "("]).fails_with(2, &["--exclude", "regular expression"]);
    check(&place, &[&toy, "--filter", "^load/", "--exclude", "."])
        .fails_with(2, &["no test is left"]);
    check(&place, &[&toy, "--test", "load/twise"]).fails_with(
        2,
        &[
            "no test \"load/twise\"; did you mean \"load/twice\"?",
            "--list",
        ],
    );
    check(&place, &[&toy, "--test", "load/twice", "--filter", "load"])
        .fails_with(2, &["cannot be used with"]);
    place.write("notes.txt", "mine");
    let kept = [&toy, "--test", "load/twice", "--keep", "."];
    check(&place, &kept).fails_with(2, &["cannot keep the suite's files", "empty"]);
}
