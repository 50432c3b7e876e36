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
    let source = copy_of_my_runner(&target.join("src-of-my-runner"));
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

/// A copy of the example of the book, which builds as the tests do.
fn copy_of_my_runner(directory: &Path) -> PathBuf {
    let example = in_repository("examples/my-runner");
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
