//! Removes the directories of runs in steps that a later process can finish.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use protea_files::{Links, PARTIAL, remove_abandoned, remove_tree};
use protea_tracking::RunId;
use serde::{Deserialize, Serialize};

use super::super::{Job, Workspace, WorkspaceError, job, leftovers::entries, places};
use crate::store::{StoreError, sync_directory, write_atomic};

/// The largest list of runs that are being removed, in bytes.
const LARGEST: u64 = 64 << 20;

/// The runs that are being removed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Begun {
    runs: Vec<RunId>,
}

fn list_of(workspace: &Path) -> PathBuf {
    places::own(workspace).join("removing.json")
}

/// Where the directories wait until their files are deleted.
fn removed(workspace: &Path) -> PathBuf {
    places::own(workspace).join("removed")
}

/// The runs whose removal was begun and did not end. A list that cannot be read names none: what is in
/// the workspace then stays.
pub(super) fn unfinished(workspace: &Path) -> Vec<RunId> {
    let bytes = protea_files::read(&list_of(workspace), Links::Refuse, LARGEST);
    let begun: Option<Begun> = bytes
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let runs = begun.unwrap_or_default().runs.into_iter();
    runs.filter(|id| is_name(id)).collect()
}

/// An id names a directory; the list may have been written by somebody else.
fn is_name(id: &str) -> bool {
    !id.is_empty()
        && !id.starts_with('.')
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Removes the directories of these runs, and the event logs of `without_directory` that have no
/// directory of a run any more.
pub(super) fn remove(
    workspace: &Workspace,
    runs: &[RunId],
    without_directory: &[RunId],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), WorkspaceError> {
    let root = workspace.directory();
    let (list, waiting) = (list_of(root), removed(root));
    let is_pending = list.symlink_metadata().is_ok() || waiting.symlink_metadata().is_ok();
    if runs.is_empty() && !is_pending {
        return Ok(());
    }
    remove_abandoned(&places::own(root), &[OsStr::new(PARTIAL)]);
    if !runs.is_empty() {
        let mut begun = Begun {
            runs: runs.to_vec(),
        };
        begun.runs.extend(without_directory.iter().cloned());
        begun.runs.sort();
        begun.runs.dedup();
        let text =
            serde_json::to_vec(&begun).map_err(|error| StoreError::write(&list)(error.into()))?;
        write_atomic(&list, &text)?;
    }
    make_directory(&waiting)?;
    for job in job::directories(root)? {
        for id in runs {
            let log = Job::tracker_log_in(&job).join(id);
            let mut was_here = false;
            for (pipeline, _) in entries(&job.join("artifacts")).filter(|(_, is)| *is) {
                was_here |= set_aside(&pipeline.join(id), &waiting.join(id.as_str()))?;
            }
            if was_here {
                set_aside_rest(&job, id, &log, &waiting)?;
            }
        }
        for id in without_directory {
            let log = Job::tracker_log_in(&job).join(id);
            let has_directory = entries(&job.join("artifacts"))
                .any(|(pipeline, _)| pipeline.join(id).symlink_metadata().is_ok());
            if !has_directory && log.symlink_metadata().is_ok() {
                set_aside_rest(&job, id, &log, &waiting)?;
            }
        }
    }
    for (models, _) in entries(&places::own(root).join("models")).filter(|(_, is)| *is) {
        for id in runs {
            let _ = fs::remove_file(models.join(id));
        }
    }
    let directories: Vec<PathBuf> = entries(&waiting).map(|(path, _)| path).collect();
    for (done, directory) in directories.iter().enumerate() {
        progress(done, directories.len());
        if protea_files::is_directory(directory) {
            remove_tree(directory).map_err(StoreError::write(directory))?;
        }
    }
    remove_tree(&waiting).map_err(StoreError::write(&waiting))?;
    match fs::remove_file(&list) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::write(&list)(error).into())
        }
        _ => Ok(()),
    }
}

/// The event log of a run, and its directory for TensorBoard.
fn set_aside_rest(
    job: &Path,
    id: &RunId,
    log: &Path,
    waiting: &Path,
) -> Result<(), WorkspaceError> {
    set_aside(log, &waiting.join(format!("{id}.events")))?;
    let tensorboard = job.join("tensorboard").join(id);
    set_aside(&tensorboard, &waiting.join(format!("{id}.tensorboard")))?;
    Ok(())
}

/// Renames a directory out of the way. False if it is not there.
fn set_aside(directory: &Path, to: &Path) -> Result<bool, WorkspaceError> {
    if !protea_files::is_directory(directory) {
        return Ok(false);
    }
    // Left by a process that ended before it deleted it.
    remove_tree(to).map_err(StoreError::write(to))?;
    fs::rename(directory, to).map_err(StoreError::write(directory))?;
    if let Some(parent) = directory.parent() {
        sync_directory(parent).map_err(StoreError::write(parent))?;
    }
    Ok(true)
}

/// Nothing is renamed into, or deleted behind, a link.
fn make_directory(path: &Path) -> Result<(), WorkspaceError> {
    match fs::create_dir(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if protea_files::is_directory(path) {
                Ok(())
            } else {
                Err(StoreError::write(path)(error).into())
            }
        }
        Err(error) => Err(StoreError::write(path)(error).into()),
    }
}
