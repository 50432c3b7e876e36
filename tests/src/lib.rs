//! What the end-to-end tests share: the built programs and runners, places to run them in, and the
//! data in the repository.

pub mod judges;
mod own_workspace;
#[cfg(unix)]
pub mod slurm;
pub mod zoo;

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use serde_json::Value;
use tempfile::TempDir;

pub use own_workspace::{
    build_own_workspace, in_own_workspace, share_builds, shared_features, shared_profile,
};

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in a folder of the repository")
}

/// A path below the repository.
#[must_use]
pub fn in_repository(path: &str) -> PathBuf {
    repository().join(path)
}

/// The directory of the built programs and runners; builds them at the first call.
///
/// Cargo builds a package's library for its dependents, but not the programs and shared libraries
/// of packages that nothing depends on. The whole workspace with all features is what the tests
/// are built from too: any other selection would compile dependencies again with other features.
pub fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut cargo = cargo("build");
        cargo
            .args(["--workspace", "--all-features"])
            .args(["--lib", "--bins", "--examples"])
            .arg("--manifest-path")
            .arg(in_repository("Cargo.toml"));
        succeed(&mut cargo);
        profile_directory()
    });
    &BUILT
}

/// The directory that Cargo builds this profile in. Does not build anything.
#[must_use]
pub fn profile_directory() -> PathBuf {
    let executable = env::current_exe().expect("a test knows its own program");
    // target/<profile>/deps/e2e-…
    let directory = executable.ancestors().nth(2);
    directory
        .expect("cargo puts test programs two levels deep")
        .to_owned()
}

/// Cargo, with the profile of the tests.
#[must_use]
pub fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--quiet"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo
}

fn succeed(cargo: &mut Command) {
    let status = cargo.status().expect("cargo runs, it runs this test");
    assert!(status.success(), "{cargo:?} failed");
}

/// Compiles a runner in C, every warning an error, to `directory` and gives the library's path.
pub fn compile_c(source: &str, name: &str, directory: &Path, more: &[&str]) -> PathBuf {
    let made = directory.join(library(name));
    let output = Command::new("cc")
        .args([
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O1",
            "-shared",
            "-fPIC",
        ])
        .arg("-I")
        .arg(in_repository("contracts/include"))
        .args(more)
        .arg("-o")
        .args([&made, &in_repository(source)])
        .args(["-lm", "-pthread"])
        .output()
        .expect("the tests of runners in C need a C compiler named cc");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{source}: {said}");
    made
}

/// The file name of a runner's library, such as `libprotea_knn.so`.
#[must_use]
pub fn library(crate_name: &str) -> String {
    format!(
        "{}{crate_name}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    )
}

/// An empty directory to run `protea` in, with a workspace of its own.
pub struct Place {
    directory: TempDir,
    /// The user's cache. Outside the directory, because whether it is used depends on the clock.
    cache: TempDir,
}

/// What a run of `protea` printed.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Place {
    /// A new place.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        let directory = || TempDir::new().expect("a temporary directory can be made");
        Self {
            directory: directory(),
            cache: directory(),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path in the directory.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).expect("a file can be written to a temporary directory");
        path
    }

    /// Copies runners into a directory of their own and gives it.
    pub fn runner_directory(&self, name: &str, crates: &[&str]) -> PathBuf {
        let directory = self.join(name);
        fs::create_dir_all(&directory).expect("a directory can be made");
        for crate_name in crates {
            let file = library(crate_name);
            fs::copy(built().join(&file), directory.join(&file)).expect("the runner was built");
        }
        directory
    }

    /// Runs `protea` here.
    pub fn protea<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        self.run(&built().join("protea"), arguments)
    }

    /// Runs a program here, with nothing of the caller's environment that matters to protea.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Ran {
        let output = self.command(program).args(arguments).output();
        Ran::from(output.expect("the program was built"))
    }

    /// A program to be run here, as [`run`](Self::run) does.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_remove("PROTEA_RUNNER_PATH")
            .env_remove("PROTEA_WORKSPACE")
            .env_remove("PROTEA_CONFIG")
            .env("XDG_CONFIG_HOME", self.join("config-home"))
            .env("XDG_CACHE_HOME", self.cache.path())
            // Found without it where the target directory is in the repository; it may be elsewhere.
            .env("PROTEA_EXAMPLE_DATA", in_repository("examples/data"))
            .env("XDG_DATA_HOME", self.join("data-home"))
            .env("HOME", self.path());
        command
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("protea prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    /// The JSON that was printed; the command must have succeeded.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Asserts that the command succeeded.
    pub fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{self:#?}");
    }

    /// Asserts that the command failed, with all of these in its message.
    pub fn fails_with(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "{part:?} is not in the message: {self:#?}"
            );
        }
    }
}

/// The example dataset for training.
#[must_use]
pub fn train() -> PathBuf {
    in_repository("examples/data/train")
}

/// The example dataset for testing.
#[must_use]
pub fn test() -> PathBuf {
    in_repository("examples/data/test")
}

/// Copies a dataset, so that a test may harm it.
pub fn copy_of(dataset: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(dataset).expect("the dataset is there") {
        let entry = entry.expect("the dataset can be listed");
        let bytes = fs::read(entry.path()).expect("the dataset can be read");
        fs::write(to.join(entry.file_name()), bytes).expect("a file can be written");
    }
    to.to_owned()
}
