//! `assess`: scoring the predictions of a runner.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the tests of frozen datasets use the rest")]
#[path = "../../dataset/tests/dataset/small.rs"]
mod small;

use protea_cafa::{assessment::assess, dataset::FrozenDataset};
use protea_contracts::{Emitter, EvaluateRequest};
use serde_json::{Value, json};
use small::Inputs;

#[test]
fn an_empty_set_of_predictions_is_scored() {
    let inputs = Inputs::new();
    let dataset = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let output = inputs.path("run");
    std::fs::create_dir(&output).unwrap();
    let uri = |path: &std::path::Path| format!("file://{}", path.display());
    let request: EvaluateRequest = serde_json::from_value(json!({
        "model_uri": uri(&output),
        "eval_dataset_uri": uri(dataset.directory()),
        "output_uri": uri(&output),
        "threads": 1,
    }))
    .unwrap();
    let result = assess(&request, &dataset, &Emitter::silent(), |_| Ok(())).unwrap();
    let metrics = serde_json::to_value(&result.metrics).unwrap();
    // One of the two proteins has a term with 1.5 bits, the other has only the root.
    let functions = &metrics["MFO"];
    assert_eq!(functions["smin"], json!(0.75), "{metrics}");
    for zero in ["fmax", "auc_pr", "coverage", "wfmax"] {
        assert_eq!(functions[zero], json!(0.0), "{zero} in {metrics}");
    }
    assert_eq!(functions["tau"], Value::Null);
    assert!(output.join("evaluation_all.tsv").is_file());
}
