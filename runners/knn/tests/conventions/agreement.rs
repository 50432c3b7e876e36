//! Predictions agree with a plain computation in double precision.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::{evaluate, python, resolve, run_python, synthetic};

#[test]
fn every_setting_agrees_with_the_reference() {
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let [train, test] = synthetic::freeze_both(place.path(), synthetic::Lacking::default());
    let given = [
        json!({}),
        json!({ "preset": "gopredsim" }),
        json!({ "preset": "fantasia" }),
        json!({ "preset": "protea" }),
        json!({ "preset": "gopredsim", "k": 4, "metric": "cosine", "distance_threshold": 0.7 }),
        json!({ "preset": "fantasia", "k": 3, "per_aspect": true, "metric": "l2" }),
        json!({ "vote": "fraction", "k": 7, "metric": "l2", "distance_threshold": 1.1 }),
        json!({ "vote": "max", "float16": true, "exclude_self": false }),
        json!({ "vote": "reliability", "include_ties": true, "k": 2, "propagate": false }),
        json!({ "per_aspect": false, "most_specific": true }),
        json!({ "evidence": ["experimental"], "k": 6 }),
        json!({ "evidence": ["IEA", "ISS"], "propagate": false }),
        json!({ "exclude_taxa": [9600, 9602], "vote": "gopredsim" }),
        json!({ "exclude_same_taxon": true, "include_ties": true, "k": 3 }),
        json!({ "maximum_identity": 0.5, "k": 4, "exclude_same_taxon": true }),
        json!({ "maximum_identity": 0.95, "include_ties": true, "per_aspect": false, "decimals": 3 }),
        json!({ "maximum_identity": 0.9, "k": 200, "exclude_self": false }),
        json!({ "preset": "protea_alignment", "k": 2 }),
        json!({ "preset": "protea", "metric": "l2", "decimals": null }),
        json!({
            "vote": "composite", "k": 6, "propagate": false,
            "weights": { "embedding_similarity": 1, "evidence_weight": 0.5, "taxonomic_proximity": 2 },
        }),
        json!({
            "vote": "composite", "k": 4, "formula": "evidence_weighted",
            "evidence_weights": { "IEA": 0.8, "ISS": 0 },
        }),
        json!({
            "vote": "composite", "k": 2, "metric": "l2", "per_aspect": false,
            "formula": "evidence_weighted", "evidence": ["IEA", "ISS"],
            "weights": { "embedding_similarity": 0, "identity_sw": 1, "taxonomic_proximity": 1 },
        }),
    ];
    for given in given {
        let output = place.path().join("output");
        evaluate(&given, &train, &test, &output).unwrap();
        let settings = place.path().join("spec.json");
        fs::write(&settings, serde_json::to_vec(&resolve(&given)).unwrap()).unwrap();
        let expected = run_python(
            &python,
            "reference_knn.py",
            &[train.clone(), test.clone(), settings],
        );
        let predicted = fs::read_to_string(output.join("predictions.tsv")).unwrap();
        compare(&given, &scores(&predicted), &scores(&expected));
    }
}

fn compare(
    given: &Value,
    predicted: &BTreeMap<(String, String), f64>,
    expected: &BTreeMap<(String, String), f64>,
) {
    assert!(
        predicted.len() > 20,
        "{given}: {} predictions",
        predicted.len()
    );
    for (pair, score) in expected {
        let found = predicted.get(pair).copied().unwrap_or_default();
        // The reference rounds differently, and scores have six decimals.
        assert!(
            (found - score).abs() < 1.5e-6,
            "{given}: {pair:?} is {found}, not {score}"
        );
    }
    let more = predicted.keys().find(|pair| !expected.contains_key(pair));
    assert_eq!(more, None, "{given}");
}

fn scores(text: &str) -> BTreeMap<(String, String), f64> {
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (
                (fields[0].to_owned(), fields[1].to_owned()),
                fields[2].parse().unwrap(),
            )
        })
        .collect()
}
