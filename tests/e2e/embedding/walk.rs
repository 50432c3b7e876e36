//! The first program of the page for applications, word for word: from an empty directory beside the
//! repository to its output.

use std::{fs, os::unix::fs::symlink, path::PathBuf, process::Command};

use protea_e2e::{Place, built, in_own_workspace, in_repository};

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
fn the_program_of_the_page_is_built_and_prints_what_the_page_shows() {
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

    let target = built().join("application-target");
    let built_program = in_own_workspace(&mut Command::new(env!("CARGO")), &target)
        .args(["build", "--offline"])
        .current_dir(&program)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built_program.stderr);
    assert!(built_program.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");

    let place = Place::new();
    let ran = place
        .command(&target.join("debug/lab"))
        .current_dir(&program)
        .env("PROTEA_RUNNER_PATH", built())
        .args([
            "knn",
            "../protea/examples/data/train",
            "../protea/examples/data/test",
        ])
        .arg(place.join("results"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let printed = String::from_utf8_lossy(&ran.stdout);
    let shown = block(&page, "printed by lab");
    // Tabs are blanks on the page.
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    assert_eq!(words(&printed), words(&shown), "{printed}");
    assert!(said.contains("fit …"), "{said}");
    assert!(said.contains("evaluate: "), "{said}");
}

/// The example in the repository is the program of the page.
#[test]
fn the_page_shows_the_example() {
    let page = fs::read_to_string(in_repository("docs/src/host.md")).unwrap();
    let example = fs::read_to_string(in_repository("examples/host/src/main.rs")).unwrap();
    assert_eq!(block(&page, "file: src/main.rs"), example);
}
