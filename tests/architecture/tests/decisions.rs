//! The list of decisions in `docs/adr/README.md` names every decision with its number and title.

use std::fs;

use protea_architecture::sources::repository;

#[test]
fn every_decision_is_in_the_list() {
    let directory = repository().join("docs/adr");
    let list = fs::read_to_string(directory.join("README.md")).unwrap();
    let mut missing = Vec::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file == "README.md" {
            continue;
        }
        let text = fs::read_to_string(directory.join(&file)).unwrap();
        let heading = text.lines().next().unwrap_or_default();
        let row = heading
            .strip_prefix("# ")
            .and_then(|heading| heading.split_once(". "))
            .map(|(number, title)| format!("| [{number}]({file}) | {title} |"));
        match row {
            Some(row) if list.contains(&row) => {}
            Some(row) => missing.push(row),
            None => missing.push(format!("{file}: the heading is not `# NUMBER. TITLE`")),
        }
    }
    missing.sort();
    assert!(
        missing.is_empty(),
        "docs/adr/README.md has no row with:\n{}",
        missing.join("\n")
    );
}
