//! The settings of the runner and the published conventions, against a computation in Python.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod agreement;
mod identity;
mod lacking;
mod redundancy;
mod synthetic;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use protea_contracts::{
    Emitter, EvalResult, EvaluateRequest, ExperimentRunner, ReferenceModel, RunnerError,
};
use protea_knn::{runner::KnnRunner, spec::KnnSpec};
use serde_json::{Value, json};
use url::Url;

/// A spec as a user gives it, completed.
fn spec(given: &Value) -> KnnSpec {
    serde_json::from_value(given.clone()).unwrap()
}

/// Evaluates with a reference model that has the spec as it was given.
fn evaluate(
    given: &Value,
    train: &Path,
    test: &Path,
    output: &Path,
) -> Result<EvalResult, RunnerError> {
    let uri = |path: &Path| Url::from_file_path(path).unwrap();
    let (sha256, _) = protea_contracts::content::digest_file(&train.join("dataset.json")).unwrap();
    let model: ReferenceModel = serde_json::from_value(json!({
        "kind": "reference", "spec": given, "dataset_uri": uri(train), "dataset_sha256": sha256,
    }))
    .unwrap();
    std::fs::create_dir_all(output).unwrap();
    let path = output.join("model.json");
    std::fs::write(&path, serde_json::to_vec(&model).unwrap()).unwrap();
    let request = EvaluateRequest::new(uri(&path), uri(test), uri(output));
    KnnRunner.evaluate(&request, &Emitter::silent())
}

/// The interpreter that the comparisons run in. Without one the test says so; in CI that is a failure.
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

/// Runs a script beside these tests and gives what it prints.
fn run_python(python: &str, script: &str, arguments: &[PathBuf]) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conventions");
    let output = Command::new(python)
        .arg(directory.join(script))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}
