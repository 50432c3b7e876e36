//! Calls of the runner as a host makes them, and the programs and data that the tests need.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use protea_baseline::{BaselineRunner, BaselineSpec, Method};
use protea_contracts::{
    Emitter, EvalResult, EvaluateRequest, ExperimentRunner, FitRequest, RunResult, RunnerError,
};
use url::Url;

pub const METHODS: [Method; 3] = [Method::Blast, Method::Diamond, Method::Mmseqs];

/// Whether the programs of a method are installed. If not, a test is skipped with a message; in CI
/// it fails.
pub fn installed(method: Method) -> bool {
    let (programs, install): (&[&str], _) = match method {
        Method::Naive => (&[], ""),
        Method::Blast => (&["makeblastdb", "blastp"], "ncbi-blast+"),
        Method::Diamond => (&["diamond"], "diamond-aligner"),
        Method::Mmseqs => (&["mmseqs"], "mmseqs2"),
    };
    let on_path = |program: &&&str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    let Some(missing) = programs.iter().find(|program| !on_path(program)) else {
        return true;
    };
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{missing} must be on the PATH: apt-get install {install}"
    );
    eprintln!("\n*** SKIPPED: {missing} is not on the PATH: apt-get install {install} ***\n");
    false
}

/// The Python interpreter for the comparisons. Without one, a test is skipped with a message; in CI
/// it fails.
pub fn python() -> Option<String> {
    let found = std::env::var("PROTEA_TEST_PYTHON").ok();
    let found = found.filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python with pyarrow"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has pyarrow ***\n");
    }
    found
}

/// Runs a script in the directory of these tests and returns its standard output.
pub fn run_python(python: &str, script: &str, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/alignment")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// `train` or `test` of the dataset in the repository.
pub fn example(part: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    fs::canonicalize(data.join(part)).unwrap()
}

pub fn spec(method: Method) -> BaselineSpec {
    BaselineSpec {
        method,
        ..BaselineSpec::default()
    }
}

pub fn uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

pub fn fit(spec: &BaselineSpec, train: &Path, output: &Path) -> Result<RunResult, RunnerError> {
    let request = FitRequest::new(spec.clone(), uri(train), uri(output));
    BaselineRunner.fit(&request, &Emitter::silent())
}

pub fn evaluate(
    model: &Path,
    test: &Path,
    output: &Path,
    threads: usize,
) -> Result<EvalResult, RunnerError> {
    let mut request = EvaluateRequest::new(uri(model), uri(test), uri(output));
    request.threads = threads;
    BaselineRunner.evaluate(&request, &Emitter::silent())
}
