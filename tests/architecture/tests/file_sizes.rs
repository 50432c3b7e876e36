//! Source files stay small enough to read in one sitting.

use std::fs;

use protea_architecture::{
    crates::{PAGE, from_manifests},
    sources::{repository, rust_files, shown},
};

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

/// People read the table to see where the code is. A tenth more or less does not mislead them.
#[test]
fn the_page_states_the_lines_of_each_crate() {
    let page = fs::read_to_string(repository().join(PAGE)).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (name, it) in &from_manifests() {
        // Another table of the page has the folders.
        let start = format!("\n| `{name}` | ");
        let stated = page.split(&start).skip(1).filter_map(|row| {
            let (number, _) = row.split_once(' ')?;
            number.replace(',', "").parse::<f64>().ok()
        });
        for stated in stated {
            let files = rust_files(&repository().join(&it.folder).join("src"));
            let lines: usize = files
                .iter()
                .map(|file| fs::read_to_string(file).unwrap().lines().count())
                .sum();
            compared += 1;
            if (lines as f64 - stated).abs() > 0.1 * stated + 100.0 {
                wrong.push(format!("{name}: {lines} lines, {PAGE} says {stated}"));
            }
        }
    }
    assert!(compared > 10, "{PAGE} has no table of lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
