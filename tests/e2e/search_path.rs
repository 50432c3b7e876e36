//! The search path for runners: one test for each rule.

use std::{fs, process::Command};

use protea_e2e::{Place, built, library};
use serde_json::Value;

fn taken(place: &Place, arguments: &[&str]) -> String {
    let trace = place.protea(arguments).json();
    let lines = trace.as_array().unwrap();
    let mut taken = lines.iter().filter(|line| line["taken"] == true);
    let path = taken
        .next()
        .unwrap_or_else(|| panic!("nothing taken: {trace:#}"))["path"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(taken.next().is_none(), "{trace:#}");
    path
}

#[test]
fn runners_beside_the_executable_are_found() {
    let place = Place::new();
    let list = place.protea(["runners", "list", "--json"]).json();
    let names: Vec<&str> = list["runners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|runner| runner["name"].as_str().unwrap())
        .collect();
    for name in ["baseline", "knn", "toy"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn the_search_path_has_its_documented_order() {
    let place = Place::new();
    let given = place.runner_directory("given", &["protea_toy"]);
    let environment = place.runner_directory("environment", &["protea_toy"]);
    let file = library("protea_toy");
    let given_argument = given.to_str().unwrap();

    let path = taken(
        &place,
        &[
            "runners",
            "where",
            "toy",
            "--json",
            "--runner-dir",
            given_argument,
        ],
    );
    assert_eq!(path, given.join(&file).to_str().unwrap());

    let output = Command::new(built().join("protea"))
        .args(["runners", "where", "toy", "--json"])
        .env("PROTEA_RUNNER_PATH", &environment)
        .output()
        .unwrap();
    let trace: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = trace
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["taken"] == true)
        .unwrap();
    assert_eq!(line["path"], environment.join(&file).to_str().unwrap());
    assert_eq!(line["origin"], "environment");
}

#[test]
fn the_users_directory_is_searched_and_the_current_one_is_not() {
    let place = Place::new();
    let users = place.runner_directory("data-home/protea/runners", &[]);
    let renamed = library("renamed");
    fs::copy(built().join(library("protea_toy")), users.join(&renamed)).unwrap();
    fs::copy(
        built().join(library("protea_toy")),
        place.join(library("here")),
    )
    .unwrap();
    let trace = place
        .protea(["runners", "where", "toy", "--json"])
        .json()
        .to_string();
    assert!(trace.contains(&renamed), "{trace}");
    assert!(!trace.contains(&library("here")), "{trace}");
}

#[test]
fn a_name_twice_in_one_directory_is_an_error_that_shows_both() {
    let place = Place::new();
    let directory = place.runner_directory("twice", &["protea_toy"]);
    let second = library("another");
    fs::copy(
        directory.join(library("protea_toy")),
        directory.join(&second),
    )
    .unwrap();
    let directory = directory.to_str().unwrap();
    place
        .protea(["run", "toy", "--runner-dir", directory])
        .fails_with(
            4,
            &[
                "two files in one directory",
                &library("protea_toy"),
                &second,
            ],
        );
}

#[test]
fn a_library_that_is_no_runner_is_passed_over_and_where_says_so() {
    let place = Place::new();
    let directory = place.runner_directory("mixed", &["protea_toy"]);
    let source = place.write(
        "plain.rs",
        "#[unsafe(no_mangle)] pub extern \"C\" fn f() {}",
    );
    let status = Command::new("rustc")
        .args(["--crate-type", "cdylib", "--edition", "2024", "-o"])
        .arg(directory.join(library("plain")))
        .arg(source)
        .status()
        .unwrap();
    assert!(status.success());
    let directory = directory.to_str().unwrap();
    let trace = place
        .protea(["runners", "where", "toy", "--runner-dir", directory])
        .stdout;
    assert!(
        trace.contains("a shared library without a runner"),
        "{trace}"
    );
    let list = place.protea(["runners", "list", "--runner-dir", directory]);
    assert_eq!(list.code, Some(0));
    assert!(!list.stderr.contains("plain"), "{list:#?}");
}
