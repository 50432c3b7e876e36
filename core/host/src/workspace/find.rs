//! Finds a run in a workspace by its id or a part of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_tracking::RunId;

use super::{
    Needed, RUN_MANIFEST, RecordedRun, RunLabels, RunLabelsError, RunManifest, Status, Workspace,
    moved,
};

/// Stands for the newest run.
pub const LATEST: &str = "latest";
/// How many runs an error names.
const NAMED: usize = 5;

/// Why no run was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindRunError {
    /// No run has this id.
    #[error(
        "there is no run {text:?} in the workspace {}{}",
        workspace.display(),
        suggestion(near)
    )]
    Unknown {
        /// The text of the search.
        text: String,
        /// Where.
        workspace: PathBuf,
        /// Similar ids.
        near: Vec<RunId>,
    },
    /// The workspace does not exist.
    #[error("there is no workspace at {}", workspace.display())]
    NoWorkspace {
        /// Where.
        workspace: PathBuf,
    },
    /// Runs have what is needed, but none of them finished.
    #[error(
        "no run with {} is finished: the newest one, {run}, is {status}; give its id to use it anyway",
        needed.described()
    )]
    Unfinished {
        /// The newest run that has it.
        run: RunId,
        /// Its status.
        status: Status,
        /// What it has.
        needed: Needed,
    },
    /// The text matches several runs.
    #[error("{text:?} matches {} runs: {}; give more characters of the id", runs.len(), listed(runs))]
    Ambiguous {
        /// The text of the search.
        text: String,
        /// Their ids, in the order of time.
        runs: Vec<RunId>,
    },
    /// The run does not have what is needed, but its child runs do.
    #[error(
        "the run {run} ({pipeline}) {} and itself has no {}; give one of its child runs: {}",
        kind(pipeline),
        needed.name(),
        named(children)
    )]
    Group {
        /// The run.
        run: RunId,
        /// What kind of run it is.
        pipeline: String,
        /// What it lacks.
        needed: Needed,
        /// Some of the child runs that have it, with their names.
        children: Vec<(RunId, String)>,
    },
    /// The run's manifest is not there or cannot be understood.
    #[error("{} cannot be read as the manifest of a run: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The tags and notes that the run was given cannot be read.
    #[error(transparent)]
    Labels(#[from] RunLabelsError),
}

fn suggestion(near: &[RunId]) -> String {
    if near.is_empty() {
        "; give its id, the beginning or end of it, its directory, or \"latest\"".to_owned()
    } else {
        format!("; did you mean {}?", near.join(" or "))
    }
}

fn kind(pipeline: &str) -> &'static str {
    match pipeline {
        "benchmark" => "compares several runners",
        _ => "is made of several runs",
    }
}

fn named(children: &[(RunId, String)]) -> String {
    let named = children.iter().map(|(id, name)| match name.as_str() {
        "" => id.to_string(),
        name => format!("{id} ({name})"),
    });
    named.collect::<Vec<_>>().join(", ")
}

fn listed(runs: &[RunId]) -> String {
    let more = match runs.len() {
        0..=NAMED => "",
        _ => ", …",
    };
    format!("{}{more}", runs[..runs.len().min(NAMED)].join(", "))
}

impl Workspace {
    /// The run that `text` means: its id, a beginning or an end that only its id has, the path of
    /// its directory, also outside of the workspace, or [`LATEST`]: the run that started last and
    /// is not a part of another.
    ///
    /// # Errors
    ///
    /// [`FindRunError`].
    pub fn find_run(&self, text: &str) -> Result<RecordedRun, FindRunError> {
        if let Some(directory) = as_directory(text) {
            return read(directory);
        }
        let mut runs = self.run_directories();
        if text == LATEST
            && let Some(run) = latest(&runs)
        {
            return Ok(run);
        }
        if let Some(at) = runs.iter().position(|(id, _)| *id == *text) {
            return read(runs.swap_remove(at).1);
        }
        let matches = |id: &str| !text.is_empty() && (id.starts_with(text) || id.ends_with(text));
        let (mut found, others): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|(id, _)| matches(id));
        match found.len() {
            0 if !self.exists() => Err(FindRunError::NoWorkspace {
                workspace: self.directory().to_owned(),
            }),
            0 => Err(FindRunError::Unknown {
                text: text.to_owned(),
                workspace: self.directory().to_owned(),
                near: near(text, others.iter().map(|(id, _)| id.as_str())),
            }),
            1 => read(found.swap_remove(0).1),
            _ => Err(FindRunError::Ambiguous {
                text: text.to_owned(),
                runs: found.into_iter().map(|(id, _)| id).collect(),
            }),
        }
    }

    /// The directories of all runs with their ids, in the order of the ids, which is that of time.
    /// Unreadable directories are skipped.
    #[must_use]
    pub fn run_directories(&self) -> Vec<(RunId, PathBuf)> {
        let jobs = entries(&self.directory().join("workspace"));
        let pipelines = jobs.flat_map(|job| entries(&job.join("artifacts")));
        let mut runs: Vec<(RunId, PathBuf)> = pipelines
            .flat_map(|pipeline| entries(&pipeline))
            .filter_map(|run| Some((run.file_name()?.to_str()?.into(), run)))
            .filter(|(_, run)| protea_files::is_regular(&run.join(RUN_MANIFEST)))
            .collect();
        runs.sort_unstable();
        runs
    }
}

/// The run that started last, without the parts of a search or a cross-validation. `None` if no
/// manifest can be read.
fn latest(runs: &[(RunId, PathBuf)]) -> Option<RecordedRun> {
    // An id begins with the second in which the run started.
    let second = |id: &str| id.split('-').next().unwrap_or_default().to_owned();
    let mut newest: Option<RecordedRun> = None;
    for (id, directory) in runs.iter().rev() {
        if newest
            .as_ref()
            .is_some_and(|newest| second(&newest.manifest.run_id) != second(id))
        {
            break;
        }
        let Ok(run) = read(directory.clone()) else {
            continue;
        };
        let is_newer = |newest: &RecordedRun| run.manifest.started > newest.manifest.started;
        if run.manifest.parent.is_none() && newest.as_ref().is_none_or(is_newer) {
            newest = Some(run);
        }
    }
    newest
}

/// The run's directory, where `text` is the path of it or of its manifest.
fn as_directory(text: &str) -> Option<PathBuf> {
    let path = std::path::absolute(text).ok()?;
    if path.ends_with(RUN_MANIFEST) && protea_files::is_regular(&path) {
        return path.parent().map(Path::to_owned);
    }
    protea_files::is_regular(&path.join(RUN_MANIFEST)).then_some(path)
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listed = fs::read_dir(directory).ok().into_iter().flatten();
    listed.filter_map(|entry| Some(entry.ok()?.path()))
}

fn read(directory: PathBuf) -> Result<RecordedRun, FindRunError> {
    let path = directory.join(RUN_MANIFEST);
    let unreadable = |reason: String| FindRunError::Manifest {
        path: path.clone(),
        reason,
    };
    let bytes = protea_files::read_document(&path).map_err(|error| unreadable(error.reason()))?;
    let mut manifest: RunManifest =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    moved::follow(&directory, &mut manifest);
    RunLabels::read(&directory)?.apply(&mut manifest.tags, &mut manifest.notes);
    Ok(RecordedRun {
        directory,
        manifest,
    })
}

fn near<'a>(text: &str, ids: impl Iterator<Item = &'a str>) -> Vec<RunId> {
    let mut alike: Vec<(f64, &str)> = ids
        .map(|id| (strsim::jaro_winkler(text, id), id))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    alike.truncate(3);
    alike.into_iter().map(|(_, id)| id.into()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// A workspace with runs of these ids, whose manifests say nothing.
    fn workspace(ids: &[&str]) -> (tempfile::TempDir, Workspace) {
        let directory = tempfile::tempdir().unwrap();
        for (number, id) in ids.iter().enumerate() {
            let job = directory.path().join(format!("workspace/job{number}"));
            let run = job.join("artifacts/training").join(id);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join(RUN_MANIFEST), "{}").unwrap();
        }
        let workspace = Workspace::at(directory.path()).unwrap();
        (directory, workspace)
    }

    /// Which run was found: its manifest is then found empty.
    fn found(workspace: &Workspace, text: &str) -> String {
        let FindRunError::Manifest { path, reason } = workspace.find_run(text).unwrap_err() else {
            panic!("{text:?} was not found");
        };
        assert!(reason.contains("missing field"), "{reason}");
        let run = path.parent().unwrap().file_name().unwrap();
        run.to_str().unwrap().to_owned()
    }

    const IDS: [&str; 3] = [
        "20261121T090000Z-knn-0000aa",
        "20261121T090000Z-knn-0000aab",
        "20261121T100000Z-toy-1111bb",
    ];

    #[test]
    fn a_run_is_found_by_id_beginning_end_and_directory() {
        let (directory, workspace) = workspace(&IDS);
        // An id that begins another one is still its own.
        assert_eq!(found(&workspace, IDS[0]), IDS[0]);
        assert_eq!(found(&workspace, "20261121T10"), IDS[2]);
        assert_eq!(found(&workspace, "0aab"), IDS[1]);
        let run = directory.path().join("workspace/job2/artifacts/training");
        let run = run.join(IDS[2]);
        assert_eq!(found(&workspace, run.to_str().unwrap()), IDS[2]);
        let manifest = run.join(RUN_MANIFEST);
        assert_eq!(found(&workspace, manifest.to_str().unwrap()), IDS[2]);
    }

    #[test]
    fn none_and_several_are_told_apart() {
        let (_directory, workspace) = workspace(&IDS);
        let several = workspace.find_run("20261121T09").unwrap_err();
        let FindRunError::Ambiguous { runs, .. } = &several else {
            panic!("{several}");
        };
        assert_eq!(runs, &IDS[..2]);
        assert!(several.to_string().contains("matches 2 runs"), "{several}");
        let none = workspace
            .find_run("20261121T100000Z-toy-2222bb")
            .unwrap_err();
        assert!(none.to_string().contains("did you mean"), "{none}");
        assert!(none.to_string().contains(IDS[2]), "{none}");
        for text in ["", "zzz"] {
            let none = workspace.find_run(text).unwrap_err();
            assert!(none.to_string().contains("give its id"), "{none}");
        }
    }

    #[test]
    fn looking_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let nowhere = directory.path().join("nowhere");
        let none = Workspace::at(&nowhere).unwrap().find_run("x").unwrap_err();
        assert!(matches!(none, FindRunError::NoWorkspace { .. }), "{none}");
        assert!(!nowhere.exists());
    }
}
