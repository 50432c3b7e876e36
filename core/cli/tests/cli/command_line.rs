//! Help, misuse, exit codes, colours, closed pipes.

use std::process::Stdio;

use crate::place::{Place, Ran};

#[test]
fn help_shows_the_commands_examples_environment_and_exit_codes() {
    let help = Place::new().run("--help").ok().stdout;
    for part in [
        "Usage: protea [OPTIONS] <COMMAND>",
        "  Fit, evaluate and export in one go",
        "protea run knn --train data/train --eval data/test --set k=10",
        "PROTEA_RUNNER_PATH",
        "130  cancelled with Ctrl-C",
        "143  cancelled by SIGTERM",
    ] {
        assert!(help.contains(part), "{part:?} is not in {help}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::new();
    for command in [
        "run",
        "search",
        "cv",
        "fit",
        "evaluate",
        "export",
        "dataset freeze",
        "cafa",
    ] {
        let help = place.run(&format!("{command} --help")).ok().stdout;
        let example = format!("  protea {command} ");
        assert!(
            help.contains(&example) || help.contains("$(protea fit"),
            "{help}"
        );
    }
}

#[test]
fn misuse_ends_with_2_and_says_what_to_do() {
    let place = Place::new();
    let cases = [
        ("fly", "unrecognized subcommand 'fly'"),
        ("run", "<RUNNER>"),
        (
            "run knn --train t",
            "--train is given without --eval; give both, or neither",
        ),
        (
            "run knn --eval t",
            "--eval is given without --train; give both, or neither",
        ),
        (
            "run knn --train a --eval b --set k",
            "there is no '=' in it",
        ),
        ("runs compare a", "2 values required"),
        (
            "runs list --sort :asc",
            "give the name of a metric, such as MFO.fmax",
        ),
        ("dataset freeze out --name n", "--ontology"),
        (
            "cafa go.obo p t --th-step 1.5",
            "give a number from 0.00001 to below 1",
        ),
        (
            "cafa go.obo p t -norm best",
            "[possible values: cafa, pred, gt]",
        ),
    ];
    for (line, part) in cases {
        let error = place.run(line).error(2);
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
    assert_eq!(place.new_names(), Vec::<String>::new());
}

#[test]
fn an_error_under_json_is_one_object_on_standard_output_too() {
    let place = Place::new();
    for (line, kind, code) in [
        ("--json run", "usage", 2),
        ("dataset show nowhere --json", "input", 3),
        ("runners info knn --json", "runner", 4),
    ] {
        let ran = place.run(line);
        let said = ran.error(code);
        let error = &ran.json()["error"];
        assert_eq!(error["kind"], kind);
        assert_eq!(error["message"], said.as_str());
    }
}

#[test]
fn colours_come_only_when_asked_for_or_on_a_terminal() {
    let place = Place::new();
    let coloured = |line: &str| place.run(line).stderr.contains('\u{1b}');
    assert!(!coloured("dataset show nowhere"));
    assert!(coloured("dataset show nowhere --color always"));
    assert!(coloured("--color=always run"));
    assert!(!coloured("--color never run"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    place.freeze("").ok();
    let mut command = place.command();
    command.args(["dataset", "show", "frozen"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap()).ok();
    assert_eq!(ran.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_named() {
    let place = Place::new();
    place.freeze("").ok();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut command = place.command();
    command
        .args(["dataset", "show", "frozen"])
        .stdout(full.unwrap());
    let ran = Ran::from(
        command
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap(),
    );
    assert!(
        ran.error(5)
            .starts_with("standard output cannot be written")
    );
}
