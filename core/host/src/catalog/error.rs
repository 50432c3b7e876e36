//! Errors of the catalog.

use std::path::PathBuf;

use super::{Insecure, LockError};

/// Why the catalog has no usable runner of a name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No runner of this name is on the search path.
    #[error("there is no runner {name:?}{}{}", hint(.nearest, .found), passed_over(.unusable))]
    Unknown {
        /// The name asked for.
        name: String,
        /// At most three similar names, the nearest first.
        nearest: Vec<String>,
        /// The names of all runners that were found, sorted.
        found: Vec<String>,
        /// The directories that were searched.
        searched: Vec<PathBuf>,
        /// Unusable files with the reason: the runner may be one of them.
        unusable: Vec<(PathBuf, String)>,
    },
    /// Two files in one directory have the same runner.
    #[error(
        "two files in one directory contain the runner {name:?}: {} and {}; remove one of them",
        first.display(), second.display()
    )]
    Duplicate {
        /// The runner's name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The runner is for another contract.
    #[error("the runner {name:?} ({}) cannot be used: {mismatch}", path.display())]
    Incompatible {
        /// The runner's name.
        name: String,
        /// Its file.
        path: PathBuf,
        /// Both versions and the remedy.
        mismatch: protea_contracts::version::VersionMismatch,
    },
    /// The requested name is not a valid name.
    #[error(
        "{name:?} is not a valid runner name: names contain no path separators or control characters"
    )]
    Name {
        /// What was asked for.
        name: String,
    },
    /// Other users could have replaced the runner.
    #[error("the runner {name:?} is not trusted: {insecure}")]
    Insecure {
        /// The runner's name.
        name: String,
        /// Who could, and the remedy.
        insecure: Insecure,
    },
    /// The lock file does not allow the runner.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The file changed between inspection and loading.
    #[error("{} changed while it was being loaded; try again", path.display())]
    Changed {
        /// The library.
        path: PathBuf,
    },
}

fn hint(nearest: &[String], found: &[String]) -> String {
    /// At most so many names are listed.
    const MOST: usize = 10;
    let joined = |names: &[String], last: &str| match names {
        [] => String::new(),
        [one] => format!("{one:?}"),
        [several @ .., end] => {
            let several: Vec<String> = several.iter().map(|name| format!("{name:?}")).collect();
            format!("{} {last} {end:?}", several.join(", "))
        }
    };
    match (nearest, found) {
        ([], []) => "; no runner was found".to_owned(),
        ([], [one]) => format!("; the only runner found is {one:?}"),
        ([], found) if found.len() > MOST => format!("; {} other runners were found", found.len()),
        ([], found) => format!("; the runners found are {}", joined(found, "and")),
        (nearest, _) => format!("; did you mean {}?", joined(nearest, "or")),
    }
}

fn passed_over(unusable: &[(PathBuf, String)]) -> String {
    unusable
        .iter()
        .map(|(path, reason)| format!("\n  skipped {}: {reason}", path.display()))
        .collect()
}
