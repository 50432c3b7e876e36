//! The runner `lightgbm`, whose library may be missing: on the command line, in a sandbox, in the suite.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, Ran, built, library, test, train};

const LIBRARY: &str = if cfg!(target_vendor = "apple") {
    "lib_lightgbm.dylib"
} else {
    "lib_lightgbm.so"
};
const VARIABLE: &str = "PROTEA_LIGHTGBM_LIBRARY";
/// Few trees, which train quickly.
const QUICK: [&str; 8] = [
    "--set",
    "trees=20",
    "--set",
    "maximum_rows=20000",
    "--set",
    "aligned=5",
    "--set",
    "rerank=always",
];

/// LightGBM where `runners/lightgbm/build` puts it. Prints if it is missing; in CI that is a failure.
pub fn lightgbm() -> Option<PathBuf> {
    let path = built().join(LIBRARY);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "LightGBM must be there: runners/lightgbm/build"
    );
    eprintln!("\n*** SKIPPED: LightGBM is not there: runners/lightgbm/build ***\n");
    None
}

/// Runs `protea` so that a library is found only next to the runner. Cargo adds its directories to the
/// library path of a test.
fn protea(place: &Place, arguments: &[&str], named: Option<&Path>) -> Ran {
    let mut command = place.command(&built().join("protea"));
    command.args(arguments).env_remove("LD_LIBRARY_PATH");
    if let Some(named) = named {
        command.env(VARIABLE, named);
    }
    Ran::from(command.output().unwrap())
}

/// The runner alone in a directory.
fn alone(place: &Place) -> String {
    let directory = place.runner_directory("alone", &["protea_lightgbm"]);
    directory.to_str().unwrap().to_owned()
}

#[test]
fn a_missing_library_is_named_before_and_during_a_run() {
    let place = Place::new();
    let alone = alone(&place);
    let remedy = "runners/lightgbm/build";
    let list = protea(&place, &["runners", "list", "--runner-dir", &alone], None);
    assert_eq!(list.code, Some(0), "{list:#?}");
    for part in ["lightgbm cannot run", LIBRARY, "is missing", remedy] {
        assert!(list.stderr.contains(part), "{part}: {list:#?}");
    }
    let arguments = ["runners", "list", "--json", "--runner-dir", &alone];
    let json = protea(&place, &arguments, None).json();
    let runners = json["runners"].as_array().unwrap();
    let listed = runners.iter().find(|runner| runner["name"] == "lightgbm");
    let missing = &listed.unwrap()["missing"][0];
    assert_eq!(missing["file"], LIBRARY);
    assert_eq!(missing["variable"], VARIABLE);
    assert!(missing["remedy"].as_str().unwrap().contains(remedy));
    let toy = runners.iter().find(|runner| runner["name"] == "toy");
    assert_eq!(toy.unwrap()["missing"], serde_json::json!([]));

    let arguments = ["runners", "info", "lightgbm", "--runner-dir", &alone];
    let info = protea(&place, &arguments, None);
    assert_eq!(info.code, Some(0), "{info:#?}");
    assert!(info.stdout.contains("no: "), "{info:#?}");
    let arguments = ["run", "lightgbm", "--runner-dir", &alone];
    protea(&place, &arguments, None).fails_with(1, &["is missing", LIBRARY, remedy]);
    let named = place.join("nowhere.so");
    protea(&place, &arguments, Some(&named)).fails_with(1, &["nowhere.so, which does not exist"]);
}

#[test]
fn a_runner_that_was_not_built_is_told_of() {
    let place = Place::new();
    let empty = place.join("bin");
    fs::create_dir(&empty).unwrap();
    // The command would find it in its own directory.
    let protea = empty.join("protea");
    fs::copy(built().join("protea"), &protea).unwrap();
    let list = place.run(&protea, ["runners", "list"]);
    assert!(
        list.stderr.contains("lightgbm is not installed")
            && list.stderr.contains("runners/lightgbm/build"),
        "{list:#?}"
    );
    let ran = place.run(&protea, ["run", "lightgbm"]);
    ran.fails_with(
        4,
        &["there is no runner \"lightgbm\"", "runners/lightgbm/build"],
    );
}

#[test]
fn a_strict_sandbox_changes_no_score_wherever_the_library_is() {
    let Some(lightgbm) = lightgbm() else { return };
    let place = Place::new();
    let refused = place.protea(["runners", "info", "toy", "--sandbox=strict"]);
    if refused.code != Some(0) {
        refused.fails_with(4, &["strict sandbox is not available on this system"]);
        eprintln!("SKIPPED: this kernel has no strict sandbox");
        return;
    }
    let alone = alone(&place);
    let elsewhere = place.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let elsewhere = elsewhere.join("of_another_name.so");
    fs::copy(lightgbm, &elsewhere).unwrap();
    let (train, test) = (train(), test());
    let run = |more: &[&str], named: bool| {
        let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
        let arguments = [
            "run", "lightgbm", "--json", "--train", train, "--eval", test,
        ];
        let arguments = [&arguments[..], &QUICK, more].concat();
        let named = named.then_some(elsewhere.as_path());
        protea(&Place::new(), &arguments, named).json()["metrics"].take()
    };
    let plain = run(&[], false);
    assert!(plain["MFO"]["fmax"].as_f64().unwrap() > 0.4, "{plain}");
    assert_eq!(run(&["--sandbox=strict"], false), plain);
    let more = ["--sandbox=strict", "--runner-dir", &alone];
    assert_eq!(run(&more, true), plain);
}

#[test]
fn the_reranker_keeps_the_contract() {
    if lightgbm().is_none() {
        return;
    }
    let place = Place::new();
    let file = built().join(library("protea_lightgbm"));
    let ran = place.protea(["runners", "check", file.to_str().unwrap(), "--only-failed"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}
