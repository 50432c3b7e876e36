//! The zoo: runners that break the contract or their process, built and gathered in one directory.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::LazyLock,
};

use crate::{built, in_repository, library};

const MANIFEST: &str = "tests/zoo/Cargo.toml";
/// Built with `panic = "abort"`, which is no matter of one crate alone.
const WITHOUT_UNWINDING: &str = "panic_abort";
/// Has an `abi_stable` of its own, and so a workspace of its own.
const FOREIGN: &str = "wrong_abi_stable";

/// The directory with the library of every animal and nothing else; builds them at the first call.
pub fn directory() -> &'static Path {
    static ZOO: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = built().parent().expect("a profile's directory is in one");
        let foreign = target.join("foreign");
        build(cargo(MANIFEST).arg("--examples"));
        build(
            cargo(MANIFEST)
                .args(["--example", WITHOUT_UNWINDING])
                .args(["--features", "panic-abort"])
                .args(["--config", "profile.dev.panic=\"abort\""])
                .args(["--config", "profile.release.panic=\"abort\""]),
        );
        build(
            cargo(&format!("tests/zoo/foreign/{FOREIGN}/Cargo.toml"))
                .arg("--locked")
                .arg("--target-dir")
                .arg(&foreign),
        );
        let zoo = built().join("zoo");
        let profile = built().file_name().expect("a profile has a name");
        gather(&zoo, &built().join("examples"), &foreign.join(profile));
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

fn cargo(manifest: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--manifest-path"])
        .arg(in_repository(manifest));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo
}

fn build(cargo: &mut Command) {
    let status = cargo.status().expect("cargo runs, it runs this test");
    assert!(status.success(), "{cargo:?} failed");
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
