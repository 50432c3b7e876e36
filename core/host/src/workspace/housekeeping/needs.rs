//! Which runs have to stay, and why.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use protea_files::{Links, Never};
use protea_tracking::RunId;

use super::{
    super::{
        Backlog, Job, ListedRun, RUN_MANIFEST, Status, Workspace, WorkspaceError,
        leftovers::entries, unsynced,
    },
    KeepReason, KeptRun, RemovableRun, RemovalPlan,
    references::References,
};

/// The largest file that says what a backend has, in bytes.
const LARGEST_CURSOR: u64 = 1 << 20;

/// What removing these runs would do.
pub(super) fn plan(workspace: &Workspace, asked: &[RunId]) -> Result<RemovalPlan, WorkspaceError> {
    if asked.is_empty() {
        return Ok(RemovalPlan::default());
    }
    let list = workspace.runs();
    let by_id: HashMap<&RunId, &ListedRun> = list
        .runs
        .iter()
        .map(|run| (&run.head.run_id, run))
        .collect();
    let mut children: HashMap<&RunId, Vec<&RunId>> = HashMap::new();
    for run in &list.runs {
        if let Some(parent) = &run.head.parent
            && by_id.contains_key(parent)
        {
            children.entry(parent).or_default().push(&run.head.run_id);
        }
    }
    // The runs and their descendants, parents first.
    let mut selected: Vec<(&RunId, Option<RunId>)> = Vec::new();
    let mut seen: HashSet<&RunId> = HashSet::new();
    let mut kept = Vec::new();
    let mut waiting: VecDeque<(&RunId, Option<RunId>)> = VecDeque::new();
    for id in asked {
        match by_id.get_key_value(id) {
            Some((id, _)) => waiting.push_back((id, None)),
            None => kept.push(KeptRun {
                run_id: id.clone(),
                reason: KeepReason::Gone,
            }),
        }
    }
    while let Some((id, with_parent)) = waiting.pop_front() {
        if !seen.insert(id) {
            continue;
        }
        selected.push((id, with_parent));
        let below = children.get(id).into_iter().flatten();
        waiting.extend(below.map(|child| (*child, Some(id.clone()))));
    }

    let mut reasons: HashMap<&RunId, KeepReason> = HashMap::new();
    let known = Known::read(workspace)?;
    for (id, _) in &selected {
        if let Some(reason) = known.reason(workspace, by_id[id]) {
            reasons.insert(id, reason);
        }
    }
    let mut references = References::search(&list.runs);
    let is_manifest = |path: &Path| path.file_name() == Some(OsStr::new(RUN_MANIFEST));
    for unreadable in list.unreadable.iter().filter(|run| is_manifest(&run.path)) {
        let by = unreadable.path.parent().and_then(Path::file_name);
        let by = by.unwrap_or_default().to_string_lossy().into_owned();
        references
            .unreadable
            .push((by.into(), unreadable.path.clone()));
    }
    // What stays keeps what it needs, so this is repeated until nothing changes.
    loop {
        let goes = |id: &RunId| seen.contains(id) && !reasons.contains_key(id);
        let mut more: Vec<(&RunId, KeepReason)> = Vec::new();
        for (id, _) in selected.iter().filter(|(id, _)| goes(id)) {
            let parent = by_id[id].head.parent.as_ref();
            let stays = parent.filter(|parent| by_id.contains_key(parent) && !goes(parent));
            let child = children
                .get(id)
                .into_iter()
                .flatten()
                .find(|child| !goes(child));
            let refers = |by: &RunId| *by != **id && !goes(by);
            let needed = references.to.get(*id).into_iter().flatten();
            let mut needed =
                needed.filter(|reference| reference.is_export || refers(&reference.by));
            let unreadable = references.unreadable.iter().find(|(by, _)| refers(by));
            let reason = if let Some(child) = child {
                let reason = reasons.get(*child).cloned().unwrap_or(KeepReason::Gone);
                KeepReason::Child {
                    child: (*child).clone(),
                    reason: Box::new(reason),
                }
            } else if let Some(parent) = stays {
                KeepReason::Part {
                    parent: parent.clone(),
                }
            } else if let Some(reference) = needed.next() {
                if reference.is_export {
                    KeepReason::Exported {
                        export: reference.document.clone(),
                    }
                } else {
                    KeepReason::Needed {
                        by: reference.by.clone(),
                        document: reference.document.clone(),
                    }
                }
            } else if let Some((_, document)) = unreadable {
                KeepReason::Unreadable {
                    document: document.clone(),
                }
            } else {
                continue;
            };
            more.push((id, reason));
        }
        if more.is_empty() {
            break;
        }
        reasons.extend(more);
    }

    let mut runs = Vec::new();
    for (id, with_parent) in selected {
        match reasons.remove(id) {
            Some(reason) => kept.push(KeptRun {
                run_id: id.clone(),
                reason,
            }),
            None => runs.push(RemovableRun {
                run_id: id.clone(),
                directory: by_id[id].directory.clone(),
                bytes: occupied(by_id[id]),
                with_parent,
            }),
        }
    }
    Ok(RemovalPlan {
        runs,
        kept,
        unfinished: Vec::new(),
    })
}

/// What is known of runs without looking at others.
struct Known {
    unsynced: HashMap<RunId, KeepReason>,
    workspace: Option<PathBuf>,
}

impl Known {
    fn read(workspace: &Workspace) -> Result<Self, WorkspaceError> {
        let Backlog {
            unsynced: behind,
            unknown,
        } = unsynced(workspace)?;
        // A sync can send the rest of a run, but not make a backend take what it refuses.
        let behind = behind.into_iter().filter(|run| !run.lacks_refused_only);
        let behind = behind.map(|run| {
            let backend = run.cursor.backend.clone();
            (run.run_id, KeepReason::Unsynced { backend })
        });
        let unknown = unknown.into_iter().map(|run| {
            let reason = KeepReason::UnknownProgress {
                backend: run.backend,
                reason: run.error.to_string(),
            };
            (run.run_id, reason)
        });
        Ok(Self {
            unsynced: behind.chain(unknown).collect(),
            workspace: workspace.directory().canonicalize().ok(),
        })
    }

    fn reason(&self, workspace: &Workspace, run: &ListedRun) -> Option<KeepReason> {
        let (id, directory) = (&run.head.run_id, &run.directory);
        if run.head.status == Status::Running {
            return Some(KeepReason::Running);
        }
        let real = directory.canonicalize().ok();
        let relative = directory.strip_prefix(workspace.directory()).ok();
        let expected = self.workspace.as_ref().zip(relative);
        let is_here = expected.is_some_and(|(root, rest)| real == Some(root.join(rest)))
            && directory.file_name() == Some(OsStr::new(id.as_str()));
        if !is_here {
            return Some(KeepReason::Elsewhere {
                directory: real.unwrap_or_else(|| directory.clone()),
            });
        }
        if let Some(reason) = self.unsynced.get(id) {
            return Some(reason.clone());
        }
        let job = job_of(directory)?;
        let document = Job::at(job).document().ok();
        if let Some(tracker) = document.and_then(|document| document.tracker)
            && tracker.log == *id
        {
            return Some(KeepReason::Bound {
                backend: tracker.backend,
            });
        }
        is_offline_only(job, id).then(|| KeepReason::Unsynced {
            backend: "wandb".to_owned(),
        })
    }
}

/// `<job>/artifacts/<pipeline>/<run_id>`.
pub(super) fn job_of(run: &Path) -> Option<&Path> {
    run.ancestors().nth(3)
}

/// Whether the run is in the offline format of W&B and was not uploaded.
fn is_offline_only(job: &Path, id: &RunId) -> bool {
    let cursor = Job::tracker_log_in(job).join(id).join("wandb.json");
    let Ok(cursor) = protea_files::read_text(&cursor, Links::Refuse, LARGEST_CURSOR) else {
        return false;
    };
    let waiting: Vec<String> = entries(&job.join("wandb"))
        .filter(|(path, is_directory)| *is_directory && !is_uploaded(path))
        .filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned()))
        .filter_map(|name| {
            Some(
                name.strip_prefix("offline-run-")?
                    .rsplit_once('-')?
                    .1
                    .to_owned(),
            )
        })
        .collect();
    waiting
        .iter()
        .any(|wandb_id| cursor.contains(wandb_id.as_str()))
}

fn is_uploaded(directory: &Path) -> bool {
    entries(directory).any(|(path, _)| path.extension().is_some_and(|ending| ending == "synced"))
}

fn occupied(run: &ListedRun) -> u64 {
    let log = job_of(&run.directory)
        .map(|job| Job::tracker_log_in(job).join(&run.head.run_id))
        .unwrap_or_default();
    let bytes = |path: &Path| {
        let usage = protea_files::usage(path, u64::MAX, &Never);
        usage.map_or(0, |usage| usage.bytes)
    };
    bytes(&run.directory).saturating_add(bytes(&log))
}
