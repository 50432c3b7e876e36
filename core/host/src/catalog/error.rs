//! Errors of the catalog.

use std::path::PathBuf;

use super::{Insecure, LockError};

/// Why the catalog has no usable runner of a name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No runner of this name is on the search path.
    #[error("there is no runner {name:?}{}{}", hint(.nearest), passed_over(.unusable))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The most similar names, the nearest first; all names if none is similar.
        nearest: Vec<String>,
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

fn hint(nearest: &[String]) -> String {
    match nearest {
        [] => "; no runner was found".to_owned(),
        [one] => format!("; did you mean {one:?}?"),
        [several @ .., last] => {
            let several: Vec<String> = several.iter().map(|name| format!("{name:?}")).collect();
            format!("; did you mean {} or {last:?}?", several.join(", "))
        }
    }
}

fn passed_over(unusable: &[(PathBuf, String)]) -> String {
    unusable
        .iter()
        .map(|(path, reason)| format!("\n  skipped {}: {reason}", path.display()))
        .collect()
}
