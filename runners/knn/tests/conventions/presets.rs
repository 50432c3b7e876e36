//! Presets: the host resolves them, with the schema's `x-presets`.

use protea_contracts::RunnerError;
use serde_json::{Value, json};

use crate::{evaluate, evaluate_unresolved, resolve, synthetic};

#[test]
fn settings_win_over_the_preset_over_the_defaults() {
    assert_eq!(resolve(&json!({})), json!(protea_knn::KnnSpec::default()));
    let spec = resolve(&json!({ "preset": "gopredsim", "k": 3, "decimals": null }));
    assert_eq!((&spec["k"], &spec["decimals"]), (&json!(3), &Value::Null));
    assert_eq!(spec["metric"], "l2");
    assert_eq!(spec["include_ties"], true);
    // A value that is the default of the runner still wins over the preset.
    let spec = resolve(&json!({ "preset": "protea", "float16": false, "k": 5 }));
    assert_eq!(spec["float16"], false);
    assert_eq!(spec["decimals"], 4);
    // A weight that is not named is that of the preset.
    let weights = json!({ "identity_sw": 1 });
    let spec = resolve(&json!({ "preset": "protea_alignment", "weights": weights }));
    assert_eq!(spec["vote"], "composite");
    assert_eq!(spec["weights"]["embedding_similarity"], 0.5);
    assert_eq!(spec["weights"]["identity_nw"], 0.3);
    assert_eq!(spec["weights"]["identity_sw"], 1.0);
}

#[test]
fn a_preset_that_no_host_resolved_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let [train, test] = synthetic::freeze_both(place.path(), synthetic::Lacking::default());
    let output = place.path().join("output");
    let given = json!({ "preset": "gopredsim", "metric": "l2", "k": 3 });
    let error = evaluate_unresolved(&given, &train, &test, &output).unwrap_err();
    assert!(matches!(error, RunnerError::Model { .. }), "{error}");
    for part in ["gopredsim", "include_ties", "most_specific", "decimals"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    evaluate(&given, &train, &test, &output).unwrap();
}
