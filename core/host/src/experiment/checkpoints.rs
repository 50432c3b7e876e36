//! The directories in which runners keep the state of an unfinished `fit`.
//!
//! A directory belongs to one fit: its name is a hash of the runner's file, the settings, the seed and
//! the dataset. It is in `<workspace>/.protea/checkpoints/`, or, for a task of a plan, in the plan
//! directory (see [`Checkpoints::OfTask`]), where it outlives the machine. It is removed when the run
//! that contains the fit has ended, unless another attempt may succeed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use protea_contracts::content::digest_bytes;
use protea_files::{
    Access, Directory, FilesError, Limits, Links, Lock, Never, is_directory, lock_within,
    remove_tree,
};
use serde_json::json;
use tracing::{debug, info, warn};

use super::{
    error::ExperimentError,
    setup::{Checkpoints, Experiment, Reuse},
};
use crate::{Dataset, ResolvedSpec};

/// How many digits of a SHA-256 are in a name.
const DIGITS: usize = 32;
/// The most entries and levels that a directory from an earlier call may have.
const LIMITS: Limits = Limits {
    entries: 10_000,
    depth: 16,
};
/// A directory of the workspace that no fit has used for this long is removed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The ending of the files that are locked.
const LOCK: &str = "lock";

/// The checkpoint of a fit, for this process alone.
#[derive(Debug)]
pub(super) struct FitCheckpoint {
    directory: PathBuf,
    /// A locked file next to the directory, for one in a workspace.
    lock: Option<(PathBuf, File)>,
}

impl FitCheckpoint {
    /// The checkpoint for a fit. `None` if the runner keeps none, or the directory cannot be had: the
    /// fit then is made without, which changes nothing about its result.
    pub(super) fn claim(
        experiment: &Experiment,
        spec: &ResolvedSpec,
        train: &Dataset,
    ) -> Option<Self> {
        if !experiment.runner.capabilities().checkpoints {
            return None;
        }
        let root = match &experiment.checkpoints {
            Checkpoints::InWorkspace => {
                let root = experiment.workspace.directory().join(".protea/checkpoints");
                remove_old(&root);
                root
            }
            Checkpoints::OfTask(root) => root.clone(),
        };
        let identity = json!({
            "runner": experiment.runner.entry().sha256,
            "spec": spec.as_value(),
            "seed": experiment.seed,
            "dataset": train.sha256,
        });
        let name = format!("{:.DIGITS$}", digest_bytes(identity.to_string().as_bytes()));
        let directory = root.join(name);
        let lock = match &experiment.checkpoints {
            Checkpoints::OfTask(_) => None,
            Checkpoints::InWorkspace => match locked(&directory) {
                Ok(lock) => Some(lock),
                Err(error) => {
                    // The usual reason is that another process makes the same fit at this moment.
                    debug!(directory = %directory.display(), %error, "fit without a checkpoint");
                    return None;
                }
            },
        };
        let starts_again = lock.is_some() && experiment.reuse == Reuse::Nothing;
        match prepared(&directory, starts_again) {
            Ok(Found::Something) => {
                info!(directory = %directory.display(), "the fit can continue from a checkpoint");
            }
            Ok(Found::Nothing) => {}
            Err(error) => {
                warn!(directory = %directory.display(), %error, "fit without a checkpoint");
                return None;
            }
        }
        Some(Self { directory, lock })
    }

    /// The directory, which exists.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The run that contains the fit ended. Removes the directory if no other call can use it.
    pub(super) fn release(self, error: Option<&ExperimentError>) {
        let Some((lock, _held)) = &self.lock else {
            return;
        };
        let is_over = error.is_none_or(ExperimentError::is_lasting);
        // Fails for a directory with a state in it, which is kept.
        let is_empty = !is_over && fs::remove_dir(&self.directory).is_ok();
        if is_over {
            let _ = remove_tree(&self.directory);
        }
        if is_over || is_empty {
            // While the lock is held. A process that has opened the file just now shares the directory
            // with one that makes it again: both save the same states, each by a rename.
            let _ = fs::remove_file(lock);
        }
    }
}

/// Whether there is a state of an earlier call.
enum Found {
    Nothing,
    Something,
}

/// Creates the directory. One that has something in it stays only if the next call may see it: a runner
/// wrote it, which can write anything.
fn prepared(directory: &Path, starts_again: bool) -> io::Result<Found> {
    if directory.symlink_metadata().is_ok() {
        if !starts_again {
            match found(directory) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    warn!(%error, "a checkpoint cannot be used and is removed; the fit starts from the beginning");
                }
            }
        }
        remove_tree(directory)?;
    }
    fs::create_dir_all(directory)?;
    Ok(Found::Nothing)
}

fn found(directory: &Path) -> Result<Found, FilesError> {
    let tree = Directory::open(directory, Links::Refuse)?.walk(&LIMITS, &Never)?;
    match tree.left_out.into_iter().next() {
        Some(error) => Err(error),
        None if tree.files.is_empty() => Ok(Found::Nothing),
        None => Ok(Found::Something),
    }
}

fn locked(directory: &Path) -> io::Result<(PathBuf, File)> {
    if let Some(root) = directory.parent() {
        fs::create_dir_all(root)?;
    }
    let path = directory.with_extension(LOCK);
    let file = protea_files::open_to_write(&path, Access::Update)?;
    lock_within(&file, Lock::Exclusive, Duration::ZERO)?;
    Ok((path, file))
}

/// Removes directories that were not used for a long time, unless they are locked.
fn remove_old(root: &Path) {
    if !is_directory(root) {
        return;
    }
    let now = SystemTime::now();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        let age = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = age.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > KEPT));
        let is_lock = path.extension().is_some_and(|ending| ending == LOCK);
        if !is_old || is_lock {
            continue;
        }
        if let Ok((lock, _held)) = locked(&path) {
            let _ = remove_tree(&path);
            let _ = fs::remove_file(lock);
        }
    }
}
