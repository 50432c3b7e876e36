//! The scores of a runner are those that cafaeval computes from its predictions.

use std::{env, fs, process::Command};

use protea_cafa::{dataset::FrozenDataset, ontology::Aspect};
use protea_e2e::{Place, in_repository, test};
use serde_json::Value;

#[test]
fn cafaeval_scores_the_written_predictions_alike() {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        assert_ne!(
            env::var("CI").as_deref(),
            Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has cafaeval ***\n");
        return;
    };
    let place = Place::new();
    let dataset = FrozenDataset::open(&test()).unwrap();
    let rows = dataset.annotations().unwrap();
    let rows = rows.map(|row| format!("{}\t{}\n", dataset.accession(row.protein), row.term));
    let truth = place.join("truth.tsv");
    fs::write(&truth, rows.collect::<String>()).unwrap();

    let ran = place.protea(["run", "knn", "--json"]).json();
    let written = ran["artifacts"]["predictions"].as_str().unwrap();
    // cafaeval takes every file of a directory.
    let alone = place.join("alone");
    fs::create_dir(&alone).unwrap();
    let from = std::path::Path::new(written).join("predictions.tsv");
    fs::copy(from, alone.join("predictions.tsv")).unwrap();
    let scored = Command::new(&python)
        .arg(in_repository("tests/e2e/scored_by_cafaeval/score.py"))
        .args([dataset.ontology_path(), alone, truth.clone()])
        .arg(dataset.ia_path().unwrap())
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(scored.status.success(), "{scored:#?}");
    let text = String::from_utf8(scored.stdout).unwrap();
    let scores: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for aspect in Aspect::ALL {
        for metric in ["fmax", "coverage", "wfmax", "smin", "f_micro_w"] {
            let theirs = scores[aspect.namespace()][metric].as_f64().unwrap();
            let ours = ran["metrics"][aspect.name()][metric].as_f64().unwrap();
            let difference = (ours - theirs).abs();
            assert!(difference < 1e-12, "{aspect:?} {metric}: {ours}, {theirs}");
        }
    }
}
