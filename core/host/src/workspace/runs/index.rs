//! The runs of a workspace for a program that asks for them again and again: manifests that have not
//! changed are not read again.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{ListedRun, RunList, UnreadableRun, scan};
use crate::workspace::{RUN_LABELS, RUN_MANIFEST, Workspace};

/// What changes when a manifest is written again: it is renamed into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    modified: Option<SystemTime>,
    length: u64,
    file: u64,
}

impl FileStamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let file = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let file = 0;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            file,
        }
    }
}

/// The manifest of a run, and its labels if it has any.
type Stamp = (FileStamp, Option<FileStamp>);

/// The runs of a workspace as of the last [`apply`](Self::apply).
///
/// Looking for changes needs no exclusive access, so a server can answer from the index meanwhile:
///
/// ```no_run
/// use protea_core::{Workspace, workspace::RunIndex};
///
/// let workspace = Workspace::read_only("protea-workspace")?;
/// let mut index = RunIndex::default();
/// let changes = index.changes(&workspace);
/// if index.apply(changes) {
///     println!("{} runs", index.list().runs.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct RunIndex {
    stamps: HashMap<PathBuf, Stamp>,
    list: RunList,
}

/// What has changed since the index was filled.
#[derive(Debug, Default)]
pub struct RunChanges {
    gone: HashSet<PathBuf>,
    stamps: Vec<(PathBuf, Stamp)>,
    read: Vec<Result<ListedRun, UnreadableRun>>,
}

impl RunIndex {
    /// The runs.
    #[must_use]
    pub fn list(&self) -> &RunList {
        &self.list
    }

    /// Looks for manifests that were written, replaced or removed since the last
    /// [`apply`](Self::apply), and reads them, on all cores.
    #[must_use]
    pub fn changes(&self, workspace: &Workspace) -> RunChanges {
        let directories = scan::run_directories(workspace.directory());
        let found: Vec<(PathBuf, Stamp)> = scan::in_parallel(&directories, |run, into| {
            let stamp = |name| {
                let metadata = fs::symlink_metadata(run.join(name)).ok();
                metadata.map(|metadata| FileStamp::of(&metadata))
            };
            if let Some(manifest) = stamp(RUN_MANIFEST) {
                into.push((run.clone(), (manifest, stamp(RUN_LABELS))));
            }
        });
        let there: HashSet<&Path> = found.iter().map(|(run, _)| run.as_path()).collect();
        let known = self.stamps.keys();
        let gone = known.filter(|run| !there.contains(run.as_path()));
        let gone = gone.cloned().collect();
        let is_new = |(run, stamp): &(PathBuf, Stamp)| self.stamps.get(run) != Some(stamp);
        let stamps: Vec<_> = found.into_iter().filter(is_new).collect();
        let read = scan::in_parallel(&stamps, |(run, _), into| scan::read(run, into));
        RunChanges { gone, stamps, read }
    }

    /// Takes over changes. Returns whether there are any.
    pub fn apply(&mut self, changes: RunChanges) -> bool {
        let RunChanges { gone, stamps, read } = changes;
        if gone.is_empty() && stamps.is_empty() {
            return false;
        }
        let replaced: HashSet<&Path> = stamps
            .iter()
            .map(|(run, _)| run.as_path())
            .chain(gone.iter().map(PathBuf::as_path))
            .collect();
        let runs = &mut self.list.runs;
        runs.retain(|run| !replaced.contains(run.directory.as_path()));
        let unreadable = &mut self.list.unreadable;
        unreadable.retain(|run| run.path.parent().is_none_or(|run| !replaced.contains(run)));
        for run in read {
            match run {
                Ok(run) => runs.push(run),
                Err(run) => unreadable.push(run),
            }
        }
        scan::sort(&mut self.list);
        self.stamps.retain(|run, _| !gone.contains(run));
        self.stamps.extend(stamps);
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(workspace: &Path, id: &str, status: &str) -> PathBuf {
        let run = workspace.join("workspace/j/artifacts/training").join(id);
        fs::create_dir_all(&run).unwrap();
        let manifest = json!({
            "run_id": id, "job_id": "j", "pipeline": "training", "status": status, "seed": 0,
            "started": "2026-11-21T10:00:00Z", "finished": null,
        });
        let written = run.join("new");
        fs::write(&written, manifest.to_string()).unwrap();
        fs::rename(&written, run.join(RUN_MANIFEST)).unwrap();
        run
    }

    #[test]
    fn changes_are_those_of_a_new_scan() {
        let directory = tempfile::TempDir::new().unwrap();
        let workspace = Workspace::read_only(directory.path()).unwrap();
        let root = workspace.directory();
        let mut index = RunIndex::default();
        assert!(!index.apply(index.changes(&workspace)));
        let first = write(root, "r1", "running");
        write(root, "r2", "running");
        for step in 0..5 {
            match step {
                1 => drop(write(root, "r2", "finished")),
                2 => fs::write(first.join(RUN_MANIFEST), "{").unwrap(),
                3 => fs::write(first.join(RUN_LABELS), "{\"tags\":{\"a\":\"b\"}}").unwrap(),
                4 => fs::remove_dir_all(&first).unwrap(),
                _ => {}
            }
            assert!(index.apply(index.changes(&workspace)), "step {step}");
            assert_eq!(*index.list(), workspace.runs(), "step {step}");
            assert!(!index.apply(index.changes(&workspace)), "step {step}");
        }
    }
}
