//! Source files stay small enough to read in one sitting.

use std::fs;

use protea_architecture::sources::{repository, rust_files, shown};

const MOST_LINES: usize = 400;

#[test]
fn no_source_file_is_over_400_lines() {
    let mut too_long = Vec::new();
    for folder in ["contracts", "core", "runners", "examples", "tests"] {
        for file in rust_files(&repository().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let lines = text.lines().count();
            let is_build_output = file.components().any(|part| part.as_os_str() == "target");
            if lines > MOST_LINES && !is_build_output {
                too_long.push(format!("{}: {lines} lines", shown(&file)));
            }
        }
    }
    assert!(
        too_long.is_empty(),
        "split these files by what they are about:\n{}",
        too_long.join("\n")
    );
}
