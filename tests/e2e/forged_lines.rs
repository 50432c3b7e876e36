//! Texts of a runner and of a dataset cannot look like lines of protea.

use std::fs;

use protea_e2e::{Place, Ran, built, compile_c, copy_of, test, train};

#[test]
fn a_text_of_a_runner_is_not_a_line_of_its_own() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/forger.c", "forger", &runners, &[]);
    // The dataset is called so too.
    let data = copy_of(&test(), &place.join("data"));
    let manifest = fs::read_to_string(data.join("dataset.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    manifest["name"] = "a\nerror: forged".into();
    fs::write(data.join("dataset.json"), manifest.to_string()).unwrap();
    let data = data.to_str().unwrap();
    let train = train();
    let both = ["--train", train.to_str().unwrap(), "--eval", data];
    let told = |failing: &str, arguments: &[&str]| {
        let mut command = place.command(&built().join("protea"));
        command.args(arguments).env("FORGER", failing);
        if !arguments.contains(&"diff") {
            command.arg("--runner-dir").arg(&runners);
        }
        let ran = Ran::from(command.output().unwrap());
        for line in ran.stdout.lines().chain(ran.stderr.lines()) {
            let plain = line.trim_end().ends_with("forged");
            let begins = ["error:", "warning:", "note:"];
            let forged = plain && begins.iter().any(|word| line == format!("{word} forged"));
            assert!(!forged, "{arguments:?}: {ran:#?}");
        }
        ran
    };
    let run = [&["run", "forger", "--no-export"][..], &both].concat();
    for failing in ["", "fit", "evaluate"] {
        let ran = told(failing, &run);
        let code = if failing.is_empty() { 0 } else { 1 };
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        assert!(format!("{ran:?}").contains("forged"), "{ran:#?}");
    }
    told("", &["runs", "list"]);
    told("", &["runners", "show", "forger"]);
    let first = told("", &[&run[..], &["--json"]].concat());
    let id = first.json()["run_id"].as_str().unwrap().to_owned();
    for failing in ["", "explain"] {
        let ran = told(failing, &["explain", &id, "P1"]);
        assert!(format!("{ran:?}").contains("forged"), "{ran:#?}");
    }
    told("", &["runs", "show", &id]);
    told("", &["export", "forger", "--model", &id, "--output", "out"]);
    let search = ["search", "forger", "--grid", "x=1,2", "--metric", "score"];
    told("", &[&search[..], &both].concat());
    told("evaluate", &[&search[..], &both].concat());
    told(
        "",
        &[&["benchmark", "--runners", "forger"][..], &both].concat(),
    );
    told(
        "evaluate",
        &[&["benchmark", "--runners", "forger"][..], &both].concat(),
    );
    told("", &["dataset", "diff", train.to_str().unwrap(), data]);
}
