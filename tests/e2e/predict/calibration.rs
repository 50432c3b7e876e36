//! `--calibrate`: scores as probabilities, in every command by the same code.

use protea_e2e::{Place, test};
use serde_json::Value;

use super::{evaluated, id, predicted, run};

const ASPECTS: [&str; 3] = ["MFO", "BPO", "CCO"];

/// The expected calibration error in each aspect, from the extras of `evaluate`.
fn errors(run: &Value) -> Vec<f64> {
    let steps = run["steps"].as_array().unwrap().iter();
    let mut extras = steps.filter_map(|step| step["extras"].get("reliability"));
    let reliability = extras.next().unwrap();
    ASPECTS
        .map(|aspect| {
            let table = &reliability[aspect];
            let bins = table["bins"].as_array().unwrap();
            let all: u64 = bins
                .iter()
                .map(|bin| bin["predictions"].as_u64().unwrap())
                .sum();
            assert_eq!(table["predictions"], all);
            for bin in bins {
                let (score, right) = (&bin["mean_score"], &bin["true_fraction"]);
                assert!(score.as_f64() >= bin["from"].as_f64(), "{bin}");
                assert!((0.0..=1.0).contains(&right.as_f64().unwrap()), "{bin}");
            }
            table["expected_calibration_error"].as_f64().unwrap()
        })
        .to_vec()
}

#[test]
fn calibrated_scores_are_nearer_to_frequencies() {
    let place = Place::new();
    // The largest similarity is far from a probability.
    let raw = run(&place, "knn", &["--set", "vote=max"]);
    let calibrated = run(&place, "knn", &["--set", "vote=max", "--calibrate"]);
    let (before, after) = (errors(&raw), errors(&calibrated));
    for ((before, after), aspect) in before.iter().zip(&after).zip(ASPECTS) {
        assert!(
            after * 2.0 < *before,
            "{aspect}: {before} before, {after} after"
        );
    }
    // `predict` has the scores of `evaluate`, from the run and from its export.
    let test = test();
    let dataset = test.to_str().unwrap();
    let tsv = ["--dataset", dataset, "--format", "tsv"];
    let written = evaluated(&calibrated);
    assert_ne!(written, evaluated(&raw));
    let of_run = predicted(&place, &[&[id(&calibrated)][..], &tsv].concat());
    assert!(of_run.stdout == written);
    let export = calibrated["artifacts"]["export"][0]["uri"]
        .as_str()
        .unwrap();
    let export = export.trim_start_matches("file://");
    let export = export.rsplit_once('/').unwrap().0;
    let of_export = predicted(&place, &[&[export][..], &tsv].concat());
    assert!(of_export.stdout == written);
}
