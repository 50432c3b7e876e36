//! Third-party shared libraries that a runner opens at run time, and where they are searched for.
//!
//! A runner that is linked to such a library cannot be loaded without it, and so cannot report what
//! is missing. A runner that opens the library itself declares it with
//! [`export_runner!`](crate::export_runner). The declaration goes into the descriptor, so a host
//! knows what is missing before it runs any code.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The library directories of Unix systems, in addition to the one named after the architecture.
const SYSTEM: [&str; 6] = [
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
    "/lib",
];

/// A third-party shared library that a runner opens at run time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LibraryDeclaration<S = String> {
    /// Its file name, such as `lib_lightgbm.so`.
    pub file: S,
    /// The environment variable that can hold its path, such as `PROTEA_LIGHTGBM_LIBRARY`.
    pub variable: S,
    /// How to get it.
    pub remedy: S,
}

impl<S: AsRef<str>> LibraryDeclaration<S> {
    /// The file that the runner at `runner` opens. If the environment variable is set, it is the file
    /// at that path or none. Otherwise it is the first found in the runner's directory, in
    /// `LD_LIBRARY_PATH`, and in the system's library directories.
    #[must_use]
    pub fn find(&self, runner: &Path) -> Option<PathBuf> {
        let file = self.file.as_ref();
        // The declaration comes from a file that may be malicious: it must not point elsewhere.
        if Path::new(file).file_name() != Some(file.as_ref()) {
            return None;
        }
        if let Some(named) = env::var_os(self.variable.as_ref()).filter(|path| !path.is_empty()) {
            return Some(PathBuf::from(named)).filter(|path| path.is_file());
        }
        let listed = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let listed: Vec<PathBuf> = env::split_paths(&listed)
            .filter(|directory| directory.is_absolute())
            .collect();
        let beside = runner.parent().map(Path::to_owned);
        let of_architecture = format!("/usr/lib/{}-linux-gnu", env::consts::ARCH);
        beside
            .into_iter()
            .chain(listed)
            .chain([PathBuf::from(of_architecture)])
            .chain(SYSTEM.map(PathBuf::from))
            .map(|directory| directory.join(file))
            .find(|path| path.is_file())
    }
}

impl LibraryDeclaration<&str> {
    /// Copies it to owned strings, as read from a descriptor.
    #[must_use]
    pub fn owned(&self) -> LibraryDeclaration {
        LibraryDeclaration {
            file: self.file.to_owned(),
            variable: self.variable.to_owned(),
            remedy: self.remedy.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration(file: &str) -> LibraryDeclaration<&str> {
        LibraryDeclaration {
            file,
            variable: "PROTEA_NO_SUCH_VARIABLE",
            remedy: "build it",
        }
    }

    #[test]
    fn a_library_is_found_beside_the_runner_by_name_only() {
        let directory = env::temp_dir().join(format!("protea-library-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let library = directory.join("libthird_party.so");
        std::fs::write(&library, b"").unwrap();
        let runner = directory.join("librunner.so");
        let found = declaration("libthird_party.so").find(&runner);
        let lacking = declaration("libnot_there.so").find(&runner);
        let path = declaration("../libthird_party.so").find(&directory.join("sub/librunner.so"));
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!((found, lacking, path), (Some(library), None, None));
    }
}
