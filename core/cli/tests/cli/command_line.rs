//! Help, invalid command lines, exit codes, colours, diagnostics, closed pipes.

use std::process::Stdio;

use crate::place::{Place, Ran};

#[test]
fn help_shows_commands_environment_and_exit_codes() {
    let help = Place::new().run("--help").ok().stdout;
    for part in [
        "Usage: protea [OPTIONS] <COMMAND>",
        "  Fit, evaluate and export, and show the scores",
        "protea run knn --train data/train --eval data/test --set k=10",
        "PROTEA_RUNNER_PATH",
        "130  cancelled with Ctrl-C",
        "143  cancelled by SIGTERM",
        "PROTEA_LOG ",
    ] {
        assert!(help.contains(part), "{part:?} is not in {help}");
    }
}

/// All commands, as the help of each command group lists them.
fn all_commands(place: &Place) -> Vec<String> {
    let mut commands = Vec::new();
    let mut groups = vec![String::new()];
    while let Some(group) = groups.pop() {
        let help = place.run(&format!("{group} --help")).ok().stdout;
        let Some((_, list)) = help.split_once("Commands:\n") else {
            commands.push(group);
            continue;
        };
        let list = list.split("\n\n").next().unwrap();
        for line in list
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        {
            match line.split_whitespace().next() {
                None | Some("help") => {}
                Some(name) => groups.push(format!("{group} {name}")),
            }
        }
    }
    commands
}

#[test]
fn help_fits_80_columns() {
    let place = Place::new();
    let commands = all_commands(&place);
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands.iter().map(String::as_str).chain([""]) {
        for option in ["-h", "--help"] {
            let help = place.run(&format!("{command} {option}")).ok().stdout;
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{command}: {line}");
            }
        }
    }
}

#[test]
fn the_short_help_of_a_run_has_what_most_runs_need() {
    let place = Place::new();
    let short = place.run("run -h").ok().stdout;
    let whole = place.run("run --help").ok().stdout;
    for option in [
        "--help ",
        "--train ",
        "--set ",
        "--track ",
        "--plan ",
        "--memory-limit ",
    ] {
        assert!(short.contains(option), "{option}: {short}");
    }
    for option in [
        "--sandbox-env ",
        "--lock-file ",
        "--task-time ",
        "--offline",
    ] {
        assert!(!short.contains(option), "{option}: {short}");
        assert!(whole.contains(option), "{option}: {whole}");
    }
    assert!(short.contains("Print all options"), "{short}");
    let lines = (short.lines().count(), whole.lines().count());
    assert!(lines.0 <= 90 && lines.1 <= 140, "{lines:?}");
    // An option is below the heading that describes it.
    let (_, machines) = whole.split_once("Other machines:").unwrap();
    let (machines, _) = machines.split_once("\n\n").unwrap();
    assert!(!machines.contains("--workspace"), "{machines}");
}

#[test]
fn a_setting_is_fixed_or_searched_over() {
    let place = Place::new();
    let refused = |line: &str| place.run(line).error(2);
    let grid = refused("search knn --grid k=1,3 --set k=5");
    assert!(
        grid.contains("k is fixed to 5 and also searched over with --grid k=1,3"),
        "{grid}"
    );
    let below = refused("search knn --random 2 --space /a/b=1..3 --set a.b=2");
    assert!(below.contains("/a/b is fixed to 2"), "{below}");
    let calibrated = refused("search knn --grid calibrate=true,false --calibrate");
    assert!(
        calibrated.contains("calibrate is fixed to true"),
        "{calibrated}"
    );
}

#[test]
fn diagnostics_are_written_if_asked_for() {
    let place = Place::new();
    let run = |level: &str| {
        let mut command = place.command();
        command
            .args(["runners", "list", "--quiet"])
            .env("PROTEA_LOG", level);
        Ran::from(command.output().unwrap())
    };
    assert_eq!(run("off").ok().stderr, "");
    let debug = run("debug").ok();
    assert!(
        debug
            .stderr
            .contains("DEBUG protea::app: command line parsed"),
        "{debug:#?}"
    );
    assert!(run("loud").error(2).starts_with("PROTEA_LOG is \"loud\""));
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
fn an_invalid_command_line_ends_with_2_and_a_remedy() {
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
            "there is no '='; write --set key=value",
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
fn an_error_under_json_is_one_object_on_standard_output() {
    let place = Place::new();
    for (line, kind, code) in [
        ("--json run", "usage", 2),
        ("dataset show nowhere --json", "input", 3),
        ("runners info knn --json", "runner", 4),
    ] {
        let ran = place.run(line);
        let message = ran.error(code);
        let error = &ran.json()["error"];
        assert_eq!(error["kind"], kind);
        assert_eq!(error["message"], message.as_str());
    }
}

#[test]
fn there_are_colours_on_request_or_on_a_terminal_only() {
    let place = Place::new();
    let coloured = |line: &str| place.run(line).stderr.contains('\u{1b}');
    assert!(!coloured("dataset show nowhere"));
    assert!(coloured("dataset show nowhere --color always"));
    assert!(coloured("--color=always run"));
    assert!(!coloured("--color never run"));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
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
    assert!(ran.error(5).starts_with("cannot write to standard output"));
}

#[test]
fn a_uri_of_a_plan_is_never_a_directory() {
    let place = Place::new();
    for line in [
        "run knn --plan ftp://h/plan",
        "gather https://h/plan",
        "task memory://h/plan --index 0",
        "plan remaining http://h/plan",
    ] {
        let error = place.run(line).error(2);
        assert!(error.contains("cannot be kept at"), "{line}: {error}");
        assert!(error.contains("s3://"), "{line}: {error}");
    }
    // Without the feature, before anything is computed or written.
    if cfg!(not(feature = "cloud")) {
        for line in ["run knn --plan s3://b/plan", "engine status gs://b/plan"] {
            let error = place.run(line).error(1);
            assert!(error.contains("--features full"), "{line}: {error}");
        }
    }
    assert!(!place.join("s3:").exists() && !place.join("ftp:").exists());
}

#[test]
fn commands_that_read_create_no_workspace() {
    let place = Place::new();
    for command in [
        "runs list",
        "report latest",
        "sync",
        "sync --dry-run",
        "sync-offline",
        "bind-tracker 0 --backend mlflow",
        "predict latest --fasta new.fasta",
        "explain latest P12345",
        "run --from latest",
        "predictions stats latest",
    ] {
        let none = place.run(&format!("{command} --workspace nowhere"));
        let none = none.error(3);
        let parts = [
            "there is no workspace at ",
            "nowhere; give one with --workspace",
        ];
        assert!(
            parts.iter().all(|part| none.contains(part)),
            "{command}: {none}"
        );
        assert!(!place.join("nowhere").exists(), "{command}");
    }
}

#[test]
fn a_memory_limit_that_no_worker_can_have_is_refused() {
    let place = Place::new();
    for line in ["run knn", "runners check lib.so"] {
        let refused = place.run(&format!("{line} --memory-limit 1MiB")).error(2);
        assert!(
            refused.contains("a worker needs at least 64MiB"),
            "{refused}"
        );
    }
}
