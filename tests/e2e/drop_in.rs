//! An author's runner, built outside the workspace with nothing but its own `Cargo.toml`.

use std::fs;

use protea_e2e::{Place, build_own_workspace, built, in_repository, library};

#[test]
fn a_runner_built_elsewhere_is_found() {
    let place = Place::new();
    let target = built().join("my-runner");
    let manifest = in_repository("examples/my-runner/Cargo.toml");
    build_own_workspace(&manifest, &target);

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
