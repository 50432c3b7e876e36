//! The files, read by TensorBoard's own reader.

use std::{env, path::Path, process::Command};

use protea_tracking::{Artifact, EventKind, TensorBoard};
use serde_json::{Value, json};

use crate::{events, everything, feed, start};

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// The result of the reader. Without an interpreter the test is skipped with a message, or fails in
/// CI.
fn read(directory: &Path) -> Option<Value> {
    read_with(directory, &[])
}

fn read_with(directory: &Path, more: &[&str]) -> Option<Value> {
    let found = env::var_os(INTERPRETER).filter(|path| !path.is_empty());
    let Some(python) = found else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with tensorboard"
        );
        eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has tensorboard ***\n");
        return None;
    };
    let file = TensorBoard::new(directory).unwrap().event_file(&start());
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/tensorboard/read.py"
        ))
        .arg(file.parent().unwrap())
        .args(more)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}")))
}

#[test]
fn tensorboards_reader_finds_what_was_logged() {
    let directory = tempfile::tempdir().unwrap();
    feed(directory.path(), &everything());
    let Some(found) = read(directory.path()) else {
        return;
    };
    // 2026-11-21T08:49:49.25Z
    let started = 1_795_250_989.25;
    assert_eq!(
        found["scalars"],
        json!({
            "MFO/fmax": [
                [started + 0.125, 0, "0.5"],
                [started + 0.5, 2, "0.10000000149011612"],
            ],
            "BPO/fmax": [[started + 0.25, 0, "0.0"]],
            "loss": [
                [started + 0.125, 0, "nan"],
                [started + 0.375, 7, "inf"],
                [started + 0.5, 2, "-inf"],
                [started + 1.0, 7, "2.5"],
            ],
        })
    );
    let table = |lines: &str| format!("| name | value |\n|---|---|\n{lines}");
    assert_eq!(
        found["texts"],
        json!({
            "run": [[0, table(
                "| name | knn on A |\n\
                 | id | 20261121T084949Z-0a1b2c3d |\n\
                 | project | cafa |\n"
            )]],
            "config": [
                [0, table(
                    "| embedding.layers | [1,33] |\n\
                     | embedding.name | \"a\\|b\" |\n\
                     | k | 5 |\n\
                     | ties | true |\n"
                )],
                [5, table("| metric | \"cosine\" |\n")],
            ],
            "tags": [[0, table("| dataset | A |\n")], [6, table("| dataset | B |\n")]],
            "notes": [[0, "*with* ties"]],
            "artifacts": [[7, table("| predictions | /data/predictions |\n")]],
            "end": [[9, table("| status | failed |\n| error | no neighbours |\n")]],
        })
    );
    assert_eq!(
        found["start"],
        json!([
            "20261121T084949Z-0a1b2c3d",
            started,
            { "k": 5.0, "ties": true, "embedding.name": "a|b", "embedding.layers": "[1,33]" },
        ])
    );
    let failure = 2;
    assert_eq!(found["end"], json!([failure, started + 1.125]));
}

/// A table as cafaeval writes it: thresholds without any prediction are left out.
const TABLE: &str = "filename\tns\ttau\tn\ttp\tfp\tfn\tpr\trc\tcov
a.tsv\tmolecular_function\t0.10\t10\t3\t1\t1\t0.75\t0.75\t1
a.tsv\tmolecular_function\t0.20\t8\t2\t0.5\t2\t0.8\t0.5\t0.8
a.tsv\tmolecular_function\t0.50\t5\t1\t0\t3\t1.0\t0.25\t0.5
a.tsv\tbiological_process\t0.10\t4\t1\t1\t1\t0.5\t0.5\t1
a.tsv\tbiological_process\t0.20\t4\t1\t0\t1\t1.0\t0.5\t1
";

#[test]
fn the_plugin_for_precision_and_recall_finds_the_curves() {
    let place = tempfile::tempdir().unwrap();
    let artefact = place.path().join("predictions");
    std::fs::create_dir(&artefact).unwrap();
    std::fs::write(artefact.join("evaluation_all.tsv"), TABLE).unwrap();
    std::fs::write(artefact.join("predictions.tsv"), "P1\tGO:1\t0.5\n").unwrap();
    let artifact = EventKind::LogArtifact(Artifact {
        path: artefact,
        name: "predictions".to_owned(),
    });
    let directory = place.path().join("logs");
    feed(&directory, &events(vec![artifact]));
    let Some(found) = read_with(&directory, &["curves"]) else {
        return;
    };
    let curve = |name: &str| {
        let curve = &found["curves"][format!("{name}/pr_curves")];
        assert_eq!(curve["displayName"], name, "{found:#}");
        curve["entries"][0].clone()
    };
    let curve_mf = curve("molecular_function");
    // Thresholds are 0, 0.1, …; what is beyond the last prediction is trimmed.
    assert_eq!(curve_mf["thresholds"].as_array().unwrap().len(), 6);
    assert_eq!(
        curve_mf["recall"],
        json!([0.75, 0.75, 0.5, 0.25, 0.25, 0.25])
    );
    assert_eq!(curve_mf["true_positives"], json!([30, 30, 20, 10, 10, 10]));
    assert_eq!(curve_mf["false_negatives"], json!([10, 10, 20, 30, 30, 30]));
    let precision = curve_mf["precision"].as_array().unwrap();
    assert!((precision[2].as_f64().unwrap() - 0.8).abs() < 1e-6);
    let curve_bp = curve("biological_process");
    assert_eq!(curve_bp["recall"], json!([0.5, 0.5, 0.5]));
}
