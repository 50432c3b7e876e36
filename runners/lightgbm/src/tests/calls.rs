//! Shared by the tests: data, settings, and calls of the runner.

use std::path::{Path, PathBuf};

use protea_contracts::{
    Emitter, EvalResult, EvaluateRequest, ExperimentRunner, ExplainRequest, Explanation,
    ExportRequest, FitRequest, RunResult, RunnerError,
};
use url::Url;

use crate::{
    library::{LightGbm, LightGbmError},
    runner::LightGbmRunner,
    spec::{LightGbmSpec, Rerank},
};

/// The example data in the repository.
pub fn example(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/data")
        .join(part)
        .canonicalize()
        .unwrap()
}

/// Settings for a small model that trains fast.
pub fn quick() -> LightGbmSpec {
    LightGbmSpec {
        k: 10,
        aligned: 5,
        components: 4,
        folds: 5,
        rerank: Rerank::Always,
        maximum_rows: 30_000,
        trees: 60,
        patience: 5,
        learning_rate: 0.2,
        minimum_in_leaf: 20,
        ..LightGbmSpec::default()
    }
}

/// The library, if it is installed. Without it, a test is skipped with a message; in CI it fails.
pub fn lightgbm() -> Option<LightGbm> {
    match LightGbm::open() {
        Ok(library) => Some(library),
        Err(LightGbmError::Missing) if std::env::var("CI").as_deref() != Ok("true") => {
            eprintln!("\n*** SKIPPED: LightGBM is missing; run runners/lightgbm/build ***\n");
            None
        }
        Err(error) => panic!("{error}: runners/lightgbm/build"),
    }
}

pub fn uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

pub fn fit_with(
    spec: &LightGbmSpec,
    train: &Path,
    output: &Path,
    threads: usize,
    emit: &Emitter,
) -> Result<RunResult, RunnerError> {
    std::fs::create_dir_all(output).unwrap();
    let mut request = FitRequest::new(spec.clone(), uri(train), uri(output));
    request.seed = 42;
    request.threads = threads;
    LightGbmRunner.fit(&request, emit)
}

pub fn fit(spec: &LightGbmSpec, train: &Path, output: &Path) -> Result<RunResult, RunnerError> {
    fit_with(spec, train, output, 2, &Emitter::silent())
}

pub fn evaluate(
    model: &Path,
    test: &Path,
    output: &Path,
    threads: usize,
) -> Result<EvalResult, RunnerError> {
    std::fs::create_dir_all(output).unwrap();
    let mut request = EvaluateRequest::new(uri(model), uri(test), uri(output));
    request.threads = threads;
    LightGbmRunner.evaluate(&request, &Emitter::silent())
}

pub fn explain(
    model: &Path,
    test: &Path,
    accession: &str,
    term: Option<&str>,
) -> Result<Explanation, RunnerError> {
    let mut request = ExplainRequest::new(uri(model), uri(test), accession);
    request.term = term.map(str::to_owned);
    LightGbmRunner.explain(&request, &Emitter::silent())
}

pub fn export(model: &Path, output: &Path) {
    std::fs::create_dir_all(output).unwrap();
    let request = ExportRequest::new("a run", uri(model), uri(output));
    LightGbmRunner.export(&request, &Emitter::silent()).unwrap();
}

/// The predictions: protein, term, score.
pub fn predictions(output: &Path) -> Vec<(String, String, f64)> {
    let text = std::fs::read_to_string(output.join("predictions.tsv")).unwrap();
    text.lines()
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let (protein, term) = (columns.next().unwrap(), columns.next().unwrap());
            (protein, term, columns.next().unwrap().parse().unwrap())
        })
        .collect()
}

/// Every file in a directory and its subdirectories, with its relative path.
pub fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(here) = left.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push((
                    path.strip_prefix(directory).unwrap().to_owned(),
                    std::fs::read(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}
