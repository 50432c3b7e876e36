//! An author's runner, built outside the workspace with nothing but its own `Cargo.toml`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, build_own_workspace, built, in_repository, library, share_builds};

#[test]
fn a_runner_built_elsewhere_is_found() {
    let place = Place::new();
    let target = built().join("my-runner");
    let source = copy_of("my-runner", &target.join("src-of-my-runner"));
    build_own_workspace(&source.join("Cargo.toml"), &target);

    let runners = place.runner_directory("runners", &[]);
    let file = library("my_runner");
    let profile = built().file_name().unwrap();
    fs::copy(target.join(profile).join(&file), runners.join(&file)).unwrap();

    let runners = runners.to_str().unwrap();
    let info = place
        .protea([
            "runners",
            "info",
            "length",
            "--json",
            "--runner-dir",
            runners,
        ])
        .json();
    assert!(info.to_string().contains("span"), "{info:#}");
    let run = place
        .protea([
            "run",
            "length",
            "--json",
            "--set",
            "span=50",
            "--runner-dir",
            runners,
        ])
        .json();
    let fmax = run["metrics"]["CCO"]["fmax"].as_f64().unwrap();
    assert!((0.1..1.0).contains(&fmax), "{fmax}");
}

/// The runner of the chapter's part about embeddings, taxa and information accretion.
#[test]
fn the_example_with_embeddings_and_taxa_runs() {
    let place = Place::new();
    let target = built().join("my-runner");
    let source = copy_of("centroids", &target.join("src-of-centroids"));
    build_own_workspace(&source.join("Cargo.toml"), &target);
    let runners = place.runner_directory("runners", &[]);
    let file = library("centroids");
    let profile = built().file_name().unwrap();
    fs::copy(target.join(profile).join(&file), runners.join(&file)).unwrap();
    let run = |settings: &[&str]| {
        let runners = runners.to_str().unwrap();
        let always = ["run", "centroids", "--json", "--runner-dir", runners];
        place.protea([&always, settings].concat())
    };
    let fmax = |settings: &[&str]| {
        let run = run(settings).json();
        run["metrics"]["MFO"]["fmax"].as_f64().unwrap()
    };
    let whole = fmax(&[]);
    assert!((0.05..1.0).contains(&whole), "{whole}");
    let other = fmax(&[
        "--set",
        "similarity=distance",
        "--set",
        "minimum_information=2",
    ]);
    assert!((0.01..1.0).contains(&other), "{other}");
    assert_ne!(whole, other);
    run(&["--set", "similarity=cosin"]).fails_with(3, &["cosine"]);
}

/// What the chapter shows of an example is in its source.
#[test]
fn the_chapter_shows_the_examples_as_they_are() {
    let page = fs::read_to_string(in_repository("docs/src/runner.md")).unwrap();
    let mut shown = 0;
    for part in page.split("<!-- from: ").skip(1) {
        let (path, rest) = part.split_once(" -->\n```rust,ignore\n").unwrap();
        let (block, _) = rest.split_once("```").unwrap();
        let source = fs::read_to_string(in_repository(path)).unwrap();
        assert!(
            source.contains(block),
            "{path} does not have this:\n{block}"
        );
        shown += 1;
    }
    assert!(shown >= 4, "{shown}");
}

/// A copy of an example of the book, which builds as the tests do.
fn copy_of(example: &str, directory: &Path) -> PathBuf {
    let example = in_repository("examples").join(example);
    fs::create_dir_all(directory.join("src")).unwrap();
    let manifest = fs::read_to_string(example.join("Cargo.toml")).unwrap();
    let repository = in_repository("");
    let root = repository.to_str().unwrap().trim_end_matches('/');
    let manifest = manifest.replace("\"../../", &format!("\"{root}/"));
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::copy(example.join("src/lib.rs"), directory.join("src/lib.rs")).unwrap();
    share_builds(directory);
    directory.to_owned()
}
