//! Shared libraries of others that a runner opens while it works, and where they are looked for.
//!
//! A runner that linked such a library could not be loaded without it, nor say what is missing. One
//! that opens it itself declares it with [`export_runner!`](crate::export_runner): the declaration
//! goes into the descriptor, so that a host knows what is missing before any code runs.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// Where a Unix system has its libraries, beside the directory that is named after the architecture.
const SYSTEM: [&str; 6] = [
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
    "/lib",
];

/// A shared library of others that a runner opens while it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryDeclaration<S = String> {
    /// Its file name, such as `lib_lightgbm.so`.
    pub file: S,
    /// The environment variable that may name the file, such as `PROTEA_LIGHTGBM_LIBRARY`.
    pub variable: S,
    /// How to get it.
    pub remedy: S,
}

impl<S: AsRef<str>> LibraryDeclaration<S> {
    /// The file that the runner whose own file is `runner` opens: what the environment variable
    /// names, and nothing else where it is set; else the first that is beside the runner, in the
    /// directories of `LD_LIBRARY_PATH`, or among the system's libraries.
    #[must_use]
    pub fn find(&self, runner: &Path) -> Option<PathBuf> {
        let file = self.file.as_ref();
        // A name is no path: what is declared lies in these places, and nowhere else.
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
    /// The same, as it is read from a descriptor.
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
    fn a_library_is_found_beside_the_runner_and_only_by_its_name() {
        let directory = env::temp_dir().join(format!("protea-library-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let library = directory.join("libof_others.so");
        std::fs::write(&library, b"").unwrap();
        let runner = directory.join("librunner.so");
        let found = declaration("libof_others.so").find(&runner);
        let lacking = declaration("libnot_there.so").find(&runner);
        let path = declaration("../libof_others.so").find(&directory.join("sub/librunner.so"));
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!((found, lacking, path), (Some(library), None, None));
    }
}
