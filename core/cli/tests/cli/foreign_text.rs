//! Texts, paths and files that somebody else chose.

use std::fs;
#[cfg(unix)]
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use serde_json::json;

use crate::{place::Place, runs::Workspace};

const RUN: &str = "20261121T100000Z-knn-00000a";
/// A title, a cleared screen in C0 and C1, a carriage return, a change of direction, NUL, and a line.
const TEXT: &str = "t\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{9b}2J\ra\u{202e}b\u{2066}c\0d\nerror: forged";

fn is_unsafe(character: char) -> bool {
    (character.is_control() && character != '\n')
        || ('\u{202a}'..='\u{202e}').contains(&character)
        || ('\u{2066}'..='\u{2069}').contains(&character)
}

/// The text without the command's own colours.
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit());
        match digits.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.extend(["\u{1b}[", part]),
        }
    }
    plain
}

#[test]
fn a_line_break_in_a_name_does_not_look_like_another_message() {
    let place = Place::new();
    let name = "no\nerror: forged\nwarning: forged";
    for arguments in [
        &["dataset", "inspect", name][..],
        &["fit", name, "--train", "x"],
        &["runs", "list", "--workspace", name],
        &["store", "ls", name],
        &["runners", "install", name],
    ] {
        let output = place.command().args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("forged"), "{arguments:?}: {told}");
        let forged = told
            .lines()
            .any(|line| line.starts_with("error: forged") || line.starts_with("warning: forged"));
        assert!(!forged, "{arguments:?}: {told}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_replaced() {
    let place = Place::new();
    let link = place.join("out.tsv");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let ran = place.run("predict latest --fasta proteins.fasta --output out.tsv");
    let error = ran.error(5);
    assert!(error.contains("out.tsv exists"), "{error}");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    place.write("p.tsv", "P1\tGO:0000001\t0.5\n");
    for command in [
        "predictions convert p.tsv --output out.tsv",
        "predictions merge p.tsv p.tsv --output out.tsv",
        "dataset ia data --output out.tsv",
        "predict latest --fasta proteins.fasta --output new.tsv --unpredicted out.tsv",
    ] {
        let error = place.run(command).error(5);
        assert!(error.contains("out.tsv exists"), "{command}: {error}");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }
    assert!(!place.join("nowhere").exists());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_replaced_by_a_file() {
    use std::os::unix::fs::FileTypeExt;

    let place = Place::new();
    place.write("p.tsv", "P1\tGO:0000001\t0.5\n");
    let pipe = place.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink(&pipe, place.join("link")).unwrap();
    for name in ["pipe", "link"] {
        for command in [
            format!("predictions convert p.tsv --force --output {name}"),
            format!("predict latest --fasta proteins.fasta --force --output {name}"),
            format!(
                "lafa --query_file q --train_sequences t --annot_file a --graph g --output_file {name}"
            ),
        ] {
            let error = place.run(&command).error(5);
            assert!(
                error.contains("is a pipe or a device"),
                "{command}: {error}"
            );
        }
    }
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
    assert!(place.join("link").symlink_metadata().unwrap().is_symlink());

    // An export that another has made.
    std::fs::create_dir(place.join("export")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(place.join("export/run.json"))
        .status();
    assert!(made.unwrap().success());
    let ran = place.run("predict export --fasta p.tsv --output new.tsv");
    let error = ran.error(3);
    assert!(error.contains("it has no run.json"), "{error}");
}

#[test]
fn texts_of_a_runner_do_not_control_the_terminal() {
    let workspace = Workspace::new();
    workspace.run(
        RUN,
        0,
        json!({
            "metrics": { TEXT: { "fmax": 0.5 } }, "group": TEXT, "name": TEXT, "project": TEXT,
            "notes": TEXT, "tags": { TEXT: TEXT }, "spec": { TEXT: TEXT }, "status": "failed",
            "error": TEXT,
            "runner": {
                "name": TEXT, "version": TEXT, "contract_version": "1.0.0", "path": "/x",
                "sha256": "0".repeat(64)
            },
            "steps": [{ "name": TEXT, "status": "failed", "seconds": 1.5, "note": TEXT }],
        }),
    );
    let log = workspace.directory(RUN).join("logs/run.log");
    fs::write(log, format!("{TEXT}\n")).unwrap();
    for command in [
        "runs list",
        "runs show 00000a",
        "runs compare 00000a 00000a",
        "runs tree 00000a",
        "runs log 00000a",
        "explain 00000a P1",
        "evaluate knn --model \u{1b}[2J",
    ] {
        for json in ["", "--json"] {
            // Also with colours, whose escape sequences are the command's.
            for colour in ["never", "always"] {
                let line = format!("{command} {json} --color {colour}");
                let ran = workspace.0.run(&line);
                for output in [&ran.stdout, &ran.stderr] {
                    let own = without_styles(output);
                    assert!(!own.contains(is_unsafe), "{line}: {output:?}");
                }
                // No table or list has a line that the runner wrote.
                let forged = |line: &str| line.starts_with("error: forged");
                let is_log = command.starts_with("runs log");
                assert!(is_log || !ran.stdout.lines().any(forged), "{ran:#?}");
                if json == "--json" && !ran.stdout.is_empty() {
                    ran.json();
                }
            }
        }
    }
    // Nothing is lost: the JSON has the text itself.
    let shown = workspace.0.run("runs show --json 00000a").ok().json();
    assert_eq!(
        shown["manifest"]["error"]
            .as_str()
            .or(shown["error"].as_str()),
        Some(TEXT)
    );
}

#[test]
#[cfg(unix)]
fn a_workspace_whose_path_is_not_utf8_is_no_panic() {
    let workspace = Workspace::new();
    let place = OsStr::from_bytes(b"w\xff");
    for command in [
        "new-run --experiment E",
        "new-run --experiment E --json",
        "runs list --json",
        "sync",
        "run knn --track wandb",
        "run knn --track tensorboard",
        "sync-offline --json",
    ] {
        let mut protea = workspace.0.command();
        let output = protea
            .args(command.split(' '))
            .arg("--workspace")
            .arg(place)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{command}: {said}");
        assert!(
            matches!(output.status.code(), Some(0..=5)),
            "{command}: {said}"
        );
        let made = workspace.0.path().join(place);
        assert!(
            !command.starts_with("run ") || !made.exists(),
            "{command}: {said}"
        );
        let _ = fs::remove_dir_all(made);
    }
}

#[test]
#[cfg(unix)]
fn paths_that_are_not_utf8_are_written_and_reported() {
    let place = Place::new();
    let directory = place
        .join("below")
        .parent()
        .unwrap()
        .join(OsStr::from_bytes(b"w\xff"));
    fs::create_dir(&directory).unwrap();
    let (input, output) = (
        OsStr::from_bytes(b"p\xff.tsv"),
        OsStr::from_bytes(b"m\xff.tsv"),
    );
    fs::write(directory.join(input), "P1\tGO:0005524\t0.5\n").unwrap();
    for json in ["--json", "--quiet"] {
        let mut protea = place.command();
        protea
            .current_dir(&directory)
            .args(["predictions", "merge", json, "--force"]);
        protea.args([input, input, OsStr::new("--output"), output]);
        let ran = protea.output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    }
    assert!(directory.join(output).exists());
    let mut protea = place.command();
    protea
        .current_dir(&directory)
        .args(["search", "knn", "--grid", "k=1,2", "--plan", "plan"]);
    let ran = protea.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(matches!(ran.status.code(), Some(2..=5)), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn an_error_of_the_command_line_does_not_control_a_terminal() {
    let place = Place::new();
    fs::write(
        place.join("protea.toml"),
        "threads = \"\\u001b]0;PWNED\\u0007\\u009b2J\"\n",
    )
    .unwrap();
    for arguments in [
        &["frobnicate\u{1b}]0;PWNED\u{7}\u{9b}2J\u{202e}"][..],
        &["run", "knn", "--threads", "\u{1b}[2J\u{9b}2J"],
        &["run", "knn", "--\u{9b}2J\u{1b}[2J"],
        &["run", "knn"],
    ] {
        for colour in ["never", "always"] {
            let mut protea = place.command();
            let output = protea
                .args(["--color", colour])
                .args(arguments)
                .output()
                .unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{arguments:?}");
            assert!(!without_styles(&told).contains(is_unsafe), "{told:?}");
        }
    }
}

#[test]
fn a_moved_workspace_is_used_at_its_new_place() {
    let workspace = Workspace::new();
    let before = workspace.run(RUN, 0, json!({}));
    let predictions = before.join("predictions");
    fs::create_dir(&predictions).unwrap();
    let elsewhere = "file:///somewhere/else/model.json";
    let export = format!("file://{}/export/a.bin", before.display());
    workspace.run(
        RUN,
        0,
        json!({ "artifacts": {
            "directory": before, "predictions": predictions,
            "export": [{ "role": "model", "path": "a.bin", "uri": export, "sha256": "0".repeat(64), "bytes": 1 }],
        } }),
    );
    let other = "20261121T100001Z-knn-00000b";
    workspace.run(other, 1, json!({ "model_uri": elsewhere }));
    fs::rename(
        workspace.0.join("protea-workspace"),
        workspace.0.join("moved"),
    )
    .unwrap();
    let shown = |run: &str| {
        let command = format!("runs show --json --workspace moved {run}");
        workspace.0.run(&command).ok().stdout
    };
    let text = shown("00000a");
    assert!(!text.contains("/protea-workspace/"), "{text}");
    assert!(text.contains("/moved/workspace/"), "{text}");
    assert!(shown("00000b").contains(elsewhere));
}

#[test]
fn an_unreadable_record_of_a_backend_is_not_all_sent() {
    let workspace = Workspace::new();
    let directory = workspace.run(RUN, 0, json!({}));
    let job = directory.ancestors().nth(3).unwrap();
    let log = job.join("tracker_log").join(RUN);
    fs::create_dir_all(&log).unwrap();
    let start = json!({
        "seq": 0, "time": "2026-11-21T10:00:00Z", "event": "init_run", "run_id": RUN, "name": "n",
        "started": "2026-11-21T10:00:00Z"
    });
    let end = json!({
        "seq": 1, "time": "2026-11-21T10:00:01Z", "event": "finish", "status": "finished"
    });
    fs::write(log.join("events.jsonl"), format!("{start}\n{end}\n")).unwrap();
    let sync = |more: &str| {
        let mut protea = workspace.0.command();
        let line = format!("sync {more}");
        let output = protea
            .args(line.split_whitespace())
            .env_remove("MLFLOW_TRACKING_URI")
            .output();
        crate::place::Ran::from(output.unwrap())
    };
    assert!(sync("").ok().stdout.contains("up to date"));
    for damaged in ["", "garbage", "{}", "{\"backend\":\"mlflow\"}"] {
        fs::write(log.join("mlflow.json"), damaged).unwrap();
        for more in ["", "--dry-run", "--send-again"] {
            let ran = sync(more);
            assert!(ran.stdout.contains("unknown"), "{ran:#?}");
            assert!(!ran.stdout.contains("up to date"), "{ran:#?}");
            assert!(ran.stderr.contains("MLFLOW_TRACKING_URI"), "{ran:#?}");
            ran.error(1);
        }
        assert_eq!(
            fs::read_to_string(log.join("mlflow.json")).unwrap(),
            damaged
        );
    }
    let json = sync("--json");
    assert_eq!(json.json()["runs"][0]["unknown"], true, "{json:#?}");
    // Another backend is not concerned.
    sync("--backend wandb").ok();
    fs::remove_file(log.join("mlflow.json")).unwrap();

    // Files of this machine are continued.
    fs::write(log.join("tensorboard.json"), "garbage").unwrap();
    sync("").ok();
    assert!(sync("").ok().stdout.contains("up to date"));

    // The log was cut after the run had ended.
    fs::write(log.join("events.jsonl"), format!("{start}\n")).unwrap();
    let ran = sync("");
    assert!(ran.stdout.contains("lacks the end of the run"), "{ran:#?}");
    ran.error(1);
}
