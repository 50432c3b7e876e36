//! The zoo: runners that break the contract or their process, built and gathered in one directory.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::LazyLock,
};

use serde_json::Value;

use crate::{build_own_workspace, built, cargo, in_repository, library};

/// Built with `panic = "abort"`.
const WITHOUT_UNWINDING: &str = "panic_abort";
/// Has an `abi_stable` of its own, and so a workspace of its own.
const FOREIGN: &str = "wrong_abi_stable";

/// The directory with the library of every animal and nothing else; builds them at the first call.
pub fn directory() -> &'static Path {
    static ZOO: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = built().join("foreign");
        let foreign = format!("tests/zoo/foreign/{FOREIGN}/Cargo.toml");
        build_own_workspace(&in_repository(&foreign), &target);
        let foreign = target.join(built().file_name().expect("a profile has a name"));
        build_without_unwinding(&foreign.join(library(WITHOUT_UNWINDING)));
        let zoo = built().join("zoo");
        gather(&zoo, &built().join("examples"), &foreign);
        zoo
    });
    &ZOO
}

/// The animals, as the files of their sources are called.
#[must_use]
pub fn animals() -> Vec<String> {
    let sources = fs::read_dir(in_repository("tests/zoo/animals")).expect("the zoo has animals");
    let mut animals: Vec<String> = sources
        .map(|source| source.expect("the zoo can be listed").path())
        .filter_map(|source| Some(source.file_stem()?.to_str()?.to_owned()))
        .chain([FOREIGN.to_owned()])
        .collect();
    animals.sort();
    animals
}

/// Compiles the animal that must not unwind. Cargo sets `panic` for all crates of a build alike and
/// would compile all that the animal depends on again, although only the final library matters.
fn build_without_unwinding(to: &Path) {
    let dependencies = built().join("deps");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    rustc
        .args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=abort"])
        .args(["--crate-name", WITHOUT_UNWINDING])
        .arg(in_repository("tests/zoo/animals").join(format!("{WITHOUT_UNWINDING}.rs")))
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg("-o")
        .arg(to);
    for (name, file) in zoo_libraries() {
        rustc.arg("--extern").arg(format!("{name}={file}"));
    }
    let status = rustc.status().expect("rustc is where cargo is");
    assert!(status.success(), "{rustc:?} failed");
}

/// The libraries that animals are built from, as Cargo has built them: by the names of their crates.
fn zoo_libraries() -> Vec<(String, String)> {
    let output = cargo("build")
        .args(["--workspace", "--all-features"])
        .args(["--lib", "--bins", "--examples"])
        .args(["--message-format", "json", "--manifest-path"])
        .arg(in_repository("Cargo.toml"))
        .output()
        .expect("cargo runs, it runs this test");
    assert!(output.status.success(), "{output:?}");
    let messages = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    let artifacts = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message["target"]["name"].as_str()?.to_owned();
        let file = message["filenames"].as_array()?.iter().find_map(|file| {
            let file = file.as_str()?;
            file.ends_with(".rlib").then(|| file.to_owned())
        })?;
        Some((name, file))
    });
    let names = ["protea_zoo", "protea_contracts", "abi_stable"];
    artifacts
        .filter(|(name, _)| names.contains(&name.as_str()))
        .collect()
}

/// Cargo leaves every library of an example there twice, under a name with a hash as well.
fn gather(zoo: &Path, examples: &Path, foreign: &Path) {
    fs::create_dir_all(zoo).expect("a directory can be made beside the built programs");
    let animals: Vec<String> = animals().iter().map(|animal| library(animal)).collect();
    for stale in fs::read_dir(zoo).expect("the directory was just made") {
        let stale = stale.expect("the directory can be listed");
        if !animals.iter().any(|animal| stale.file_name() == **animal) {
            fs::remove_file(stale.path()).expect("a stale animal can be removed");
        }
    }
    for animal in animals {
        let foreign = foreign.join(&animal);
        let from = match foreign.exists() {
            true => foreign,
            false => examples.join(&animal),
        };
        // Another test may have the old one open: it is replaced, not written over.
        let partial = zoo.join(format!("{animal}.{}", process::id()));
        fs::copy(&from, &partial).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        fs::rename(&partial, zoo.join(&animal)).expect("a file can be renamed in its directory");
    }
}
