//! The Python interpreter that some tests compare with.

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// The interpreter to test with. If none is set, prints that the test is skipped; fails in CI.
pub fn interpreter() -> Option<String> {
    let found = std::env::var(INTERPRETER)
        .ok()
        .filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with the packages of tests/requirements.txt"
        );
        eprintln!(
            "\n*** SKIPPED: set {INTERPRETER} to a Python with the packages of tests/requirements.txt ***\n"
        );
    }
    found
}
