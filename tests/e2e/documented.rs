//! The README and the book work as they are typed: every shell block is executed, in order, in a
//! directory that has only what the page says the reader has.
//!
//! A rule replaces what a test cannot have, such as a server or an hour of compiling. The output that
//! a page shows after `<!-- output of: COMMAND -->` is compared, numbers exactly.

pub mod inputs;
mod page;
mod python;

use std::fs;

use protea_e2e::{Place, in_repository};

use self::{
    inputs::{freeze, write},
    page::{Page, Rule, execute},
};

/// Not executed, because it needs what a test does not have.
const SKIP: &str = "";

/// What is executed in place of a part of a command, or [`SKIP`] for the whole command.
const RULES: &[Rule] = &[
    (
        "cargo build --release && ./target/release/protea run knn",
        "protea run knn",
    ),
    ("target/release/protea run", "protea run"),
    ("target/release/libprotea", "$BUILT/libprotea"),
    ("cp -r examples/data", "cp -r $PROTEA_EXAMPLE_DATA"),
    ("~/.local/share/protea", "$XDG_DATA_HOME/protea"),
    // Compiling, installing and benchmarks of the repository itself.
    ("cargo ", SKIP),
    ("tests/run", SKIP),
    ("runners/lightgbm/build", SKIP),
    ("lightgbm", SKIP),
    ("pip install", SKIP),
    ("python", SKIP),
    ("strace ", SKIP),
    ("calls.txt", SKIP),
    // Servers.
    ("mlflow server", SKIP),
    ("tensorboard --logdir", SKIP),
    ("s3://", SKIP),
    ("…", SKIP),
    ("--track mlflow", "--track mlflow --offline"),
    ("protea sync  ", "protea sync --dry-run  "),
    ("protea sync-offline  ", "protea sync-offline --dry-run  "),
    ("--backend mlflow", "--backend mlflow --offline"),
    // Programs that are not everywhere.
    ("--by cluster --min-seq-id", SKIP),
    ("mmseqs easy-cluster", SKIP),
    ("naive,diamond,knn", "naive,knn"),
    ("naive,blast,diamond,knn", "naive,knn"),
    // A runner that the reader has written. `author_path` executes that chapter.
    ("my-method", SKIP),
    ("my_method", SKIP),
    ("my-runner", SKIP),
    ("mine.so", SKIP),
    ("a.so b.so", SKIP),
    ("length", SKIP),
    // It ends with 1, as `diff` does, because the datasets differ.
    ("protea dataset diff", "! protea dataset diff"),
    // Files in formats that a test cannot write in a few lines.
    ("--embeddings new.h5", ""),
    ("embeddings.h5", "train.npy"),
    ("-o IA.tsv", "--force -o IA.tsv"),
    // Files that the page does not make.
    ("dataset ia data/train", SKIP),
    // Ids of runs are different each time.
    // Fewer resamples and trials show as much.
    ("--bootstrap 10000", "--bootstrap 100"),
    ("--random 20", "--random 2"),
    ("--tpe 30", "--tpe 2"),
    ("--trials 40", "--trials 2"),
];

/// The README begins with the reader's own files and nothing else.
#[test]
fn the_readme_works_as_typed() {
    let place = Place::new();
    write(&place);
    let page = Page::read(&in_repository("README.md"));
    let executed = execute(&place, &page, RULES).unwrap();
    assert!(executed >= 14, "only {executed} commands were executed");
}

/// The pages of the book presuppose the datasets that the chapter Start makes.
#[test]
fn the_book_works_as_typed() {
    let (mut executed, mut failures) = (0, Vec::new());
    let mut pages: Vec<_> = fs::read_dir(in_repository("docs/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.sort();
    let ready = Place::new();
    write(&ready);
    freeze(&ready);
    for path in pages {
        let page = Page::read(&path);
        if page.blocks.is_empty() {
            continue;
        }
        let place = Place::new();
        if path.ends_with("start.md") {
            write(&place);
        } else {
            copy(ready.path(), place.path());
            let makes_train = |command: &String| command.contains("dataset freeze data/train ");
            if page
                .blocks
                .iter()
                .flat_map(|block| &block.commands)
                .any(makes_train)
            {
                fs::remove_dir_all(place.join("data/train")).unwrap();
            }
        }
        match execute(&place, &page, RULES) {
            Ok(commands) => executed += commands,
            Err(failure) => failures.push(failure),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(executed >= 45, "only {executed} commands were executed");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
