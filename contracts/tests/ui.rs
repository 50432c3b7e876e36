//! What the compiler says of the mistakes that an author is likely to make.

/// The compiler whose words are kept in `tests/ui`; others put them differently.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn likely_mistakes_have_readable_errors() {
    let compiler = std::process::Command::new("rustc")
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    if !compiler.starts_with(COMPILER) {
        eprintln!("SKIPPED: tests/ui keeps the words of {COMPILER}x, this is {compiler:?}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
