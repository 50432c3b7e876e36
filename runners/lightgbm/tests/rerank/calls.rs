//! What the tests share: data, settings, and the calls of the runner.

use std::path::{Path, PathBuf};

use protea_contracts::{
    Emitter, EvalResult, EvaluateRequest, ExperimentRunner, ExplainRequest, Explanation,
    ExportRequest, FitRequest, RunResult, RunnerError,
};
use protea_lightgbm::{
    library::{LightGbm, LightGbmError},
    runner::LightGbmRunner,
    spec::{LightGbmSpec, Rerank},
};
use url::Url;

/// The example data of the repository.
pub fn example(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/data")
        .join(part)
        .canonicalize()
        .unwrap()
}

/// Small and quick.
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

/// The library, where it is. Without it a test says so; in CI that is a failure.
pub fn lightgbm() -> Option<LightGbm> {
    match LightGbm::open() {
        Ok(library) => Some(library),
        Err(LightGbmError::Missing) if std::env::var("CI").as_deref() != Ok("true") => {
            eprintln!("\n*** SKIPPED: LightGBM is not here: runners/lightgbm/build ***\n");
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

/// What was predicted, line by line: protein, term, score.
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

/// Every file below a directory, by its path there.
pub fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(here) = left.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => left.push(path),
                false => found.push((
                    path.strip_prefix(directory).unwrap().to_owned(),
                    std::fs::read(&path).unwrap(),
                )),
            }
        }
    }
    found.sort();
    found
}
