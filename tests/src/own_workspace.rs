//! Crates outside the repository's workspace, built without compiling again what the tests have compiled.
//!
//! Cargo uses a compiled crate again if the profile and the features are the same. A crate of an author
//! asks for fewer features and has a profile of its own.

use std::{fs, path::Path, process::Command};

use crate::{cargo, in_repository, profile_directory, succeed};

/// Crates that the workspace compiles with more features than a runner needs, and the feature that only
/// the command asks for.
const MORE_FEATURES: [&str; 6] = [
    "ahash",
    "anstyle",
    "idna",
    "once_cell",
    "percent-encoding",
    "serde-saphyr",
];
/// The same for procedural macros.
const FOR_MACROS: [&str; 2] = ["syn", "syn-2"];

/// Lets Cargo build a workspace of its own: what it produces goes to `target`, but what it has in
/// common with the tests is not compiled again.
///
/// For this the profile has to be that of the repository's workspace; see also [`share_builds`].
pub fn in_own_workspace<'c>(cargo: &'c mut Command, target: &Path) -> &'c mut Command {
    let shared = profile_directory();
    let shared = shared.parent().expect("a profile's directory is in one");
    cargo
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_BUILD_BUILD_DIR", shared)
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_PROFILE_DEV_STRIP", "debuginfo")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo")
}

/// Builds a workspace of its own as the tests are built, with the products in `target`.
pub fn build_own_workspace(manifest: &Path, target: &Path) {
    let mut cargo = cargo("build");
    cargo.arg("--manifest-path").arg(manifest);
    succeed(in_own_workspace(&mut cargo, target));
}

/// Changes the crate of a runner in `directory` so that its build has the profile, the features and the
/// versions of the repository's workspace. The crate must be a copy.
pub fn share_builds(directory: &Path) {
    let path = directory.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).expect("the crate has a manifest");
    let own: String = sections(&manifest, |name| !name.starts_with("profile."));
    let changed = format!("{own}\n{}\n{}", shared_features(), shared_profile());
    fs::write(&path, changed).expect("the copy can be written");
    fs::copy(in_repository("Cargo.lock"), directory.join("Cargo.lock"))
        .expect("the copy can be written");
}

/// The profiles of the repository's workspace, as text of a manifest.
#[must_use]
pub fn shared_profile() -> String {
    sections(&repository_manifest(), |name| name.starts_with("profile."))
}

/// Dependencies that make a runner ask for the features that the command asks for, as text of a
/// manifest.
#[must_use]
pub fn shared_features() -> String {
    let manifest = repository_manifest();
    let specification = |name: &&str| {
        let begin = format!("{name} = ");
        let line = manifest.lines().find(|line| line.starts_with(&begin));
        let line = line.unwrap_or_else(|| panic!("the workspace has no dependency {name}"));
        match *name {
            "serde-saphyr" => line.replace("[\"serialize\"]", "[\"deserialize\", \"serialize\"]"),
            _ => line.to_owned(),
        }
    };
    let table = |kind: &str, names: &[&str]| {
        let lines: Vec<String> = names.iter().map(specification).collect();
        format!("[target.'cfg(all())'.{kind}]\n{}\n", lines.join("\n"))
    };
    [
        table("dependencies", &MORE_FEATURES),
        table("build-dependencies", &FOR_MACROS),
    ]
    .join("\n")
}

fn repository_manifest() -> String {
    fs::read_to_string(in_repository("Cargo.toml")).expect("the repository has a manifest")
}

/// The tables of a manifest whose names are wanted, and what is before the first table.
fn sections(manifest: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut keep = true;
    let lines = manifest.lines().filter(|line| {
        if let Some(name) = line.strip_prefix('[') {
            keep = wanted(name.trim_end_matches(']'));
        }
        keep
    });
    let kept: Vec<&str> = lines.collect();
    // Before the first table of the repository's manifest is nothing.
    kept.join("\n") + "\n"
}
