//! A thread that cannot be started is an error, or its work is done by another one; it does not panic.

use std::fs;

use protea_architecture::sources::{repository, rust_files, shown};

/// The crates of the host and the command.
const CRATES: [&str; 8] = [
    "core/cli",
    "core/files",
    "core/host",
    "core/isolation",
    "core/report",
    "core/serve",
    "core/store",
    "core/tracking",
];

/// Calls that panic where the system or a limit (`ulimit -u`) has no more threads.
/// `thread::Builder` returns an error.
const PANICKING: [&str; 2] = ["thread::spawn(", "scope.spawn("];

#[test]
fn no_thread_is_started_by_a_call_that_panics() {
    let mut wrong = Vec::new();
    for folder in CRATES {
        for path in rust_files(&repository().join(folder).join("src")) {
            let name = shown(&path);
            if name.ends_with("/tests.rs") || name.contains("/testkit/") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // Unit tests come last in a file.
            let code = ["#[cfg(test)]", "#[cfg(all(test"]
                .iter()
                .fold(text.as_str(), |code, tests| {
                    code.split(tests).next().unwrap_or_default()
                });
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            if lines
                .into_iter()
                .any(|line| PANICKING.iter().any(|call| line.contains(call)))
            {
                wrong.push(name);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "use thread::Builder and its error: {wrong:?}"
    );
}
