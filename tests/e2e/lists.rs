//! How tables fit a terminal.

use std::{env, fs};

use protea_e2e::{Place, built};
use serde_json::json;

/// Runs a program on a pseudo-terminal of a width and prints what it printed.
const ON_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios
process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
output = b''
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    output += read
os.waitpid(process, 0)
sys.stdout.write(output.decode().replace('\\r\\n', '\\n'))
";

/// A workspace with two invented runs.
fn filled() -> Place {
    let place = Place::new();
    fs::create_dir_all(place.join("protea-workspace/.signac")).unwrap();
    for (id, k, eval) in [
        ("00000a", 1, "swissprot-2014-small-test"),
        ("00000b", 5, "mine-test"),
    ] {
        let run = format!("20261121T100000Z-knn-{id}");
        let job = "58c65a6af75569eec233acc76a42ba59";
        let place_of_run = format!("protea-workspace/workspace/{job}/artifacts/experiment/{run}");
        fs::create_dir_all(place.join(&place_of_run)).unwrap();
        let scores = json!({ "fmax": 0.5, "auc_pr": 0.25 });
        let manifest = json!({
            "run_id": run, "job_id": job, "pipeline": "experiment", "status": "finished",
            "runner": { "name": "knn", "version": "1.0.0" }, "name": "knn", "project": "cafa",
            "seed": 0, "spec": { "k": k, "minimum_score": 0.5 * f64::from(k) },
            "datasets": { "eval": { "name": eval, "sha256": format!("a{k}") } },
            "started": "2026-11-21T10:00:00Z", "finished": "2026-11-21T10:01:00Z",
            "metrics": { "MFO": scores, "BPO": scores, "CCO": scores },
        });
        place.write(
            &format!("{place_of_run}/run_manifest.json"),
            manifest.to_string(),
        );
    }
    place
}

#[test]
fn tables_fit_the_terminal_and_pipes_are_not_wrapped() {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        eprintln!("SKIPPED: set PROTEA_TEST_PYTHON to a Python");
        return;
    };
    let place = filled();
    place.write("terminal.py", ON_TERMINAL);
    let protea = built().join("protea");
    for arguments in ["runs list", "runners list", "runners info knn"] {
        let piped = place.protea(arguments.split(' '));
        for width in [80, 120] {
            let command = [
                "terminal.py".to_owned(),
                width.to_string(),
                protea.display().to_string(),
            ];
            let shown = place.run(
                python.as_ref(),
                command
                    .iter()
                    .map(String::as_str)
                    .chain(arguments.split(' ')),
            );
            assert_eq!(shown.code, Some(0), "{shown:#?}");
            // Paths and hashes are single words, which are never broken.
            let is_table = |line: &&str| !line.contains('/') && line.trim().contains("  ");
            for line in shown.stdout.lines().filter(is_table) {
                let is_long = line.chars().count() > width && !line.contains("SHA-256");
                assert!(!is_long, "{width}: {line}");
            }
            for name in piped
                .stdout
                .split_whitespace()
                .filter(|word| word.contains('_'))
            {
                assert!(shown.stdout.contains(name), "{name} is broken: {shown:#?}");
            }
        }
    }
    let info = place.protea(["runners", "info", "knn"]);
    let setting = info
        .stdout
        .lines()
        .find(|line| line.contains("weights.embedding_similarity"));
    assert!(
        setting.is_some_and(|line| line.contains("The similarity")),
        "{info:#?}"
    );
}

#[test]
fn a_search_is_listed_with_its_best_score_and_settings() {
    let place = filled();
    for (id, k) in [("00000c", 3), ("00000d", 7)] {
        let run = format!("20261121T110000Z-knn-{id}");
        let job = "68c65a6af75569eec233acc76a42ba59";
        let place_of_run = format!("protea-workspace/workspace/{job}/artifacts/search/{run}");
        fs::create_dir_all(place.join(&place_of_run)).unwrap();
        let dataset = json!({ "name": "mine-test", "sha256": "b".repeat(64) });
        let manifest = json!({
            "run_id": run, "job_id": job, "pipeline": "search", "status": "finished",
            "runner": { "name": "knn", "version": "1.0.0" }, "name": "knn/search", "seed": 0,
            "spec": {
                "search": { "space": { "k": [1, k] }, "metric": "MFO.fmax", "trials": 2 },
                "eval_dataset": dataset, "train_dataset": dataset, "best": { "k": k },
            },
            "datasets": { "eval": dataset },
            "started": "2026-11-21T11:00:00Z", "finished": "2026-11-21T11:01:00Z",
            "metrics": { "best.MFO.fmax": 0.6631 },
        });
        place.write(
            &format!("{place_of_run}/run_manifest.json"),
            manifest.to_string(),
        );
    }
    let listed = place.protea(["runs", "list"]);
    let line = listed.stdout.lines().find(|line| line.contains("00000c"));
    let line = line.unwrap();
    for part in ["best.k=3", "mine-test", "0.663"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    for part in ["search.", "_dataset", "bbbbbbbb"] {
        assert!(!listed.stdout.contains(part), "{part}: {listed:#?}");
    }
}
