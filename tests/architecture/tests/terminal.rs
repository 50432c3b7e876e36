//! The command writes to standard output and standard error in one place only, which escapes what it
//! writes.

use std::fs;

use protea_architecture::sources::{repository, rust_files, shown};

const COMMAND: &str = "core/cli/src";
const WRITER: &str = "core/cli/src/output/terminal.rs";

/// Ways to write past the one place.
const WAYS: [&str; 5] = ["println!", "print!", "dbg!", "stdout()", "stderr()"];

#[test]
fn only_one_module_of_the_command_writes_to_the_terminal() {
    let mut writers = Vec::new();
    for file in rust_files(&repository().join(COMMAND)) {
        let name = shown(&file);
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap());
        for (number, line) in code.enumerate() {
            // `eprintln!` and `eprint!` end in two of these.
            if name != WRITER && WAYS.iter().any(|way| line.contains(way)) {
                writers.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(
        writers.is_empty(),
        "use `output::print` and the like, which escape foreign text:\n{}",
        writers.join("\n")
    );
}
