//! The first program of the page for applications, word for word: from an empty directory beside the
//! repository to its output.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use protea_e2e::{Place, built, in_repository};

use crate::walk::{Walk, profile};

/// The block of the page after a comment.
fn block(page: &str, comment: &str) -> String {
    let (_, rest) = page.split_once(&format!("<!-- {comment} -->\n")).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    let (block, _) = rest.split_once("```\n").unwrap();
    block.to_owned()
}

/// An empty directory for the program, with the repository beside it. It is at the same place each
/// time, because Cargo compiles a package again if it is at another.
fn beside_the_repository() -> PathBuf {
    let place = built().join("application");
    let program = place.join("lab");
    if program.exists() {
        fs::remove_dir_all(&program).unwrap();
    }
    fs::create_dir_all(program.join("src")).unwrap();
    let repository = place.join("protea");
    if !repository.exists() {
        symlink(in_repository("."), repository).unwrap();
    }
    program
}

#[test]
fn the_program_of_the_page_prints_what_the_page_shows() {
    let page = fs::read_to_string(in_repository("docs/src/host.md")).unwrap();
    let program = beside_the_repository();
    fs::write(program.join("Cargo.toml"), block(&page, "file: Cargo.toml")).unwrap();
    fs::write(
        program.join("src/main.rs"),
        block(&page, "file: src/main.rs"),
    )
    .unwrap();
    // The versions that this repository was tested with, so that nothing new has to be fetched.
    fs::copy(in_repository("Cargo.lock"), program.join("Cargo.lock")).unwrap();

    let place = Place::new();
    let mut walk = Walk::new(&place);
    walk.target = built().join("application-target");
    walk.variables = vec![("PROTEA_RUNNER_PATH", built().to_owned())];
    let built_program = walk.build_in(&program);
    built_program.succeeds();
    let said = built_program.stderr;
    assert!(!said.contains("warning"), "{said}");

    let ran = walk.program(
        &walk.target.join(profile()).join("lab"),
        &[
            "knn",
            "../protea/examples/data/train",
            "../protea/examples/data/test",
            place.join("results").to_str().unwrap(),
        ],
        &program,
    );
    ran.succeeds();
    let (said, printed) = (ran.stderr, ran.stdout);
    let shown = block(&page, "printed by lab");
    // Tabs are blanks on the page.
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    assert_eq!(words(&printed), words(&shown), "{printed}");
    assert!(said.contains("fit …"), "{said}");
    assert!(said.contains("evaluate: "), "{said}");
    walk.print();
}

/// The example in the repository is the program of the page.
#[test]
fn the_page_shows_the_example() {
    let page = fs::read_to_string(in_repository("docs/src/host.md")).unwrap();
    let example = fs::read_to_string(in_repository("examples/host/src/main.rs")).unwrap();
    assert_eq!(block(&page, "file: src/main.rs"), example);
}
