//! Compares the settings and the published conventions with an independent computation in Python.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod agreement;
mod identity;
mod lineages;
mod missing_data;
mod presets;
mod redundancy;
mod synthetic;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use protea_contracts::prelude::schemars;
use protea_contracts::{
    Emitter, EvalResult, EvaluateRequest, ExperimentRunner, ReferenceModel, RunnerError,
};
use protea_knn::{KnnRunner, KnnSpec};
use serde_json::{Value, json};
use url::Url;

/// Resolves a user's settings as a host does: the user's values, then the preset, then the
/// defaults, also for each key of a nested object.
fn resolve(given: &Value) -> Value {
    let schema = schemars::schema_for!(KnnSpec).to_value();
    let mut spec = json!(KnnSpec::default());
    if let Value::String(name) = &given["preset"] {
        merge(&mut spec, &schema["x-presets"][name]);
    }
    merge(&mut spec, given);
    let spec: KnnSpec = serde_json::from_value(spec).unwrap();
    json!(spec)
}

fn merge(defaults: &mut Value, given: &Value) {
    match (defaults, given) {
        (Value::Object(defaults), Value::Object(given)) => {
            for (key, value) in given {
                merge(defaults.entry(key).or_insert(Value::Null), value);
            }
        }
        (default, given) => *default = given.clone(),
    }
}

/// Evaluates with a reference model that has these settings, resolved.
fn evaluate(
    given: &Value,
    train: &Path,
    test: &Path,
    output: &Path,
) -> Result<EvalResult, RunnerError> {
    evaluate_unresolved(&resolve(given), train, test, output)
}

fn evaluate_unresolved(
    spec: &Value,
    train: &Path,
    test: &Path,
    output: &Path,
) -> Result<EvalResult, RunnerError> {
    let uri = |path: &Path| Url::from_file_path(path).unwrap();
    let (sha256, _) = protea_contracts::content::digest_file(&train.join("dataset.json")).unwrap();
    let model: ReferenceModel = serde_json::from_value(json!({
        "kind": "reference", "spec": spec, "dataset_uri": uri(train), "dataset_sha256": sha256,
    }))
    .unwrap();
    std::fs::create_dir_all(output).unwrap();
    let path = output.join("model.json");
    std::fs::write(&path, serde_json::to_vec(&model).unwrap()).unwrap();
    let request = EvaluateRequest::new(uri(&path), uri(test), uri(output));
    KnnRunner.evaluate(&request, &Emitter::silent())
}

/// The Python interpreter for the comparisons. Without one, a test is skipped with a message; in CI
/// it fails.
fn python() -> Option<String> {
    let found = std::env::var("PROTEA_TEST_PYTHON").ok();
    let found = found.filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python with numpy, pyarrow and biopython"
        );
        eprintln!(
            "\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has numpy, pyarrow and biopython ***\n"
        );
    }
    found
}

/// Runs a script in the directory of these tests and returns its standard output.
fn run_python(python: &str, script: &str, arguments: &[PathBuf]) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conventions");
    let output = Command::new(python)
        .arg(directory.join(script))
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}
