//! The conformance suite as a test of a runner's crate.
//!
//! The suite is part of the command `protea`. [`conforms!`](crate::conforms) starts it, so a runner's
//! crate does not compile it: put one line into `tests/conformance.rs`.
//!
//! ```
//! protea_contracts::conforms!();
//! # fn main() {}
//! ```
//!
//! This module knows cargo and the command line `protea runners check FILE`, and nothing of the suite.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use serde::Deserialize;

use crate::error::with_causes;

/// The environment variable with the path of the command `protea`.
pub const PROTEA: &str = "PROTEA";

/// Defines the test `keeps_the_contract`, which builds the crate's shared library and checks it as
/// `protea runners check` does. Put it into `tests/conformance.rs`.
///
/// The command is found by [`find_protea`](crate::conformance::find_protea). It reads
/// `conformance.toml` from the directory of `Cargo.toml`, if there is one. The suite runs on Unix only.
#[macro_export]
macro_rules! conforms {
    () => {
        #[test]
        fn keeps_the_contract() {
            $crate::conformance::assert_crate_conforms(
                ::core::env!("CARGO_MANIFEST_DIR"),
                ::core::env!("CARGO_PKG_NAME"),
            );
        }
    };
}

/// Builds a crate's shared library and runs the suite of the command `protea` on it, as
/// [`conforms!`](crate::conforms) does. Use it for a test with another name.
///
/// # Panics
///
/// When `protea` is not found, the library cannot be built, or the runner breaks the contract.
pub fn assert_crate_conforms(manifest_dir: &str, package: &str) {
    let manifest_dir = Path::new(manifest_dir);
    if let Err(error) = check_crate(manifest_dir, package) {
        panic!("{}", with_causes(&error));
    }
}

fn check_crate(manifest_dir: &Path, package: &str) -> Result<(), SuiteError> {
    // First, because a build may take minutes.
    let protea = find_protea()?;
    let library = build_library(manifest_dir, package)?;
    let output = Command::new(&protea)
        .args(["runners", "check", "--only-failed"])
        .arg(&library)
        .current_dir(manifest_dir)
        .output()
        .map_err(|source| SuiteError::Start {
            program: protea.clone(),
            source,
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, messages) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        println!("{} runners check\n{printed}{messages}", protea.display());
        return Ok(());
    }
    Err(SuiteError::Failed {
        program: protea,
        printed: printed + &messages,
    })
}

/// Why the suite has not passed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The command `protea` is not found.
    #[error(
        "the conformance suite is part of the command `protea`, which was not found: the environment \
         variable PROTEA is not set, and it is neither on the PATH nor in {}; install it with `cargo \
         install --path {}`, or set PROTEA to its path",
        sdk.join("target").display(), sdk.join("core/cli").display()
    )]
    NotFound {
        /// The directory of the SDK that this crate was compiled from.
        sdk: PathBuf,
    },
    /// The environment variable [`PROTEA`] does not name a program.
    #[error(
        "the environment variable PROTEA is {value:?}, which is not a program; set it to the path of `protea`"
    )]
    NotAProgram {
        /// Its value.
        value: PathBuf,
    },
    /// Cargo cannot be started.
    #[error(
        "cannot start {} to build the runner; run the test with `cargo test`, or set the environment \
         variable CARGO to the path of cargo",
        program.display()
    )]
    Cargo {
        /// The program that was started as cargo.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The build fails.
    #[error("the crate {package} does not build:\n{messages}")]
    Build {
        /// The crate.
        package: String,
        /// The output of cargo.
        messages: String,
    },
    /// The crate does not produce a shared library.
    #[error(
        "the crate {0} does not produce a shared library; set `[lib] crate-type = [\"cdylib\"]`"
    )]
    NoLibrary(String),
    /// The command `protea` cannot be started.
    #[error("cannot start {}", program.display())]
    Start {
        /// The command.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The runner breaks the contract, or the command reports another error.
    #[error("{} runners check failed:\n{printed}", program.display())]
    Failed {
        /// The command.
        program: PathBuf,
        /// What it printed.
        printed: String,
    },
}

/// Finds the command `protea`: what the environment variable [`PROTEA`] names; else the first on the
/// PATH; else the newest that was built in the SDK from which this crate was compiled.
///
/// # Errors
///
/// [`SuiteError::NotAProgram`] and [`SuiteError::NotFound`].
pub fn find_protea() -> Result<PathBuf, SuiteError> {
    if let Some(value) = env::var_os(PROTEA).filter(|value| !value.is_empty()) {
        let value = PathBuf::from(value);
        // Absolute, because the suite runs in the directory of the crate.
        return match std::path::absolute(&value) {
            Ok(path) if is_program(&path) => Ok(path),
            _ => Err(SuiteError::NotAProgram { value }),
        };
    }
    let name = format!("protea{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|path| is_program(path));
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sdk = contracts.parent().unwrap_or(contracts).to_owned();
    let built = || {
        ["release", "debug"]
            .map(|profile| sdk.join("target").join(profile).join(&name))
            .into_iter()
            .filter(|path| is_program(path))
            .max_by_key(|path| modified(path))
    };
    on_path.or_else(built).ok_or(SuiteError::NotFound { sdk })
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

fn is_program(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    let executable = {
        use std::os::unix::fs::PermissionsExt;
        metadata.permissions().mode() & 0o111 != 0
    };
    #[cfg(not(unix))]
    let executable = true;
    metadata.is_file() && executable
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds the shared library of a crate in the profile of the running test, and returns its path.
///
/// # Errors
///
/// When cargo cannot be started, the crate does not build, or it has no shared library.
pub fn build_library(manifest_dir: &Path, package: &str) -> Result<PathBuf, SuiteError> {
    let manifest = manifest_dir.join("Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command
        .args(["build", "--lib", "--message-format=json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(&manifest)
        .args(["--package", package]);
    if let Some(profile) = profile() {
        command.arg("--profile").arg(profile);
    }
    let output = command.output().map_err(|source| SuiteError::Cargo {
        program: cargo.into(),
        source,
    })?;
    if !output.status.success() {
        return Err(SuiteError::Build {
            package: package.to_owned(),
            messages: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    let ours = manifest.canonicalize().unwrap_or(manifest);
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter(|message| {
            message
                .manifest_path
                .canonicalize()
                .is_ok_and(|path| path == ours)
        })
        .flat_map(|message| message.filenames)
        .find(|file| file.extension() == Some(OsStr::new(env::consts::DLL_EXTENSION)))
        .ok_or_else(|| SuiteError::NoLibrary(package.to_owned()))
}

/// The profile of the running test, whose path is `target/<profile>/deps/<test>`.
fn profile() -> Option<String> {
    let executable = env::current_exe().ok()?;
    let directory = executable.parent()?.parent()?.file_name()?.to_str()?;
    // The profiles `dev` and `test` have the directory `debug`.
    (directory != "debug").then(|| directory.to_owned())
}
