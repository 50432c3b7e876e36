//! An author's runner, built outside the workspace with nothing but its own `Cargo.toml`.

use std::fs;

use protea_e2e::{Place, built, cargo_build, in_repository, library};

#[test]
fn a_runner_built_elsewhere_is_found_when_its_file_is_dropped_in() {
    let place = Place::new();
    // Its own target directory, kept between test runs because building it takes a while.
    let target = built().join("my-runner");
    let manifest = in_repository("examples/my-runner/Cargo.toml");
    cargo_build(&manifest, &[], Some(&target));

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
