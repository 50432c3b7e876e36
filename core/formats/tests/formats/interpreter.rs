//! The Python that some tests compare with.

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// The interpreter to test with. Without one the test says so; in CI that is a failure.
pub fn interpreter() -> Option<String> {
    let found = std::env::var(INTERPRETER)
        .ok()
        .filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with what tests/requirements.txt lists"
        );
        eprintln!(
            "\n*** SKIPPED: set {INTERPRETER} to a Python that has what tests/requirements.txt lists ***\n"
        );
    }
    found
}
