//! Errors of the lock file.

use std::path::PathBuf;

use protea_contracts::Sha256;

use super::pin::Pin;

/// Why a lock file does not allow a runner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// There is no such file.
    #[error(
        "there is no lock file {}",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read, or is not a lock file.
    #[error("the lock file {} cannot be used: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The runner is not in the lock file.
    #[error(
        "the runner {name:?} is not pinned in {}: {} has SHA-256 {found}",
        lock.display(), file.display()
    )]
    NotPinned {
        /// The runner's name.
        name: String,
        /// The lock file.
        lock: PathBuf,
        /// The runner's file.
        file: PathBuf,
        /// The SHA-256 of the runner's file.
        found: Sha256,
    },
    /// The runner's file is not the pinned one.
    #[error(
        "the runner {name:?} differs from the one pinned in {}: {} has SHA-256 {found}, the pinned file has {} (version {}, then at {})",
        lock.display(), file.display(), pin.sha256, pin.version, pin.path.display()
    )]
    Differs {
        /// The runner's name.
        name: String,
        /// The lock file.
        lock: PathBuf,
        /// The runner's file.
        file: PathBuf,
        /// The SHA-256 of the runner's file.
        found: Sha256,
        /// What the lock file wants.
        pin: Box<Pin>,
    },
}
