//! Removes runs, except those that something else still needs.
//!
//! [`Workspace::plan_removal`] says what would be removed and what has to stay, and why;
//! [`Workspace::remove_runs`] removes. A process that is killed in between leaves a workspace that can
//! be read, and the next removal finishes what it had begun: the ids are written down first, then each
//! directory is renamed into `.protea/removed/`, and only there its files are deleted.

mod needs;
mod references;
mod removal;
mod retention;

use std::path::PathBuf;

use protea_tracking::RunId;

pub use retention::Retention;

use super::{Workspace, WorkspaceError, exclusive};

/// What removing runs would do.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RemovalPlan {
    /// The runs that can be removed, parents before their child runs.
    pub runs: Vec<RemovableRun>,
    /// The runs that have to stay, of those that were asked for and of their child runs.
    pub kept: Vec<KeptRun>,
    /// The runs that an earlier removal did not finish, because its process ended.
    pub unfinished: Vec<RunId>,
}

/// A run that can be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovableRun {
    /// The run.
    pub run_id: RunId,
    /// Its directory.
    pub directory: PathBuf,
    /// What the directory and the event log occupy.
    pub bytes: u64,
    /// The parent with which it is removed; none of a run that was asked for itself.
    pub with_parent: Option<RunId>,
}

/// A run that has to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptRun {
    /// The run.
    pub run_id: RunId,
    /// Why.
    pub reason: KeepReason,
}

/// Why a run has to stay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepReason {
    /// It is active.
    #[error("it is running")]
    Running,
    /// It is a part of a run that stays.
    #[error("it is part of the run {parent}, which needs it")]
    Part {
        /// That run.
        parent: RunId,
    },
    /// One of its child runs has to stay.
    #[error("its child run {child} has to stay: {reason}")]
    Child {
        /// The child run.
        child: RunId,
        /// Why.
        reason: Box<KeepReason>,
    },
    /// Another run refers to it, such as one that evaluated its model.
    #[error("the run {by} refers to it in {}", document.display())]
    Needed {
        /// The other run.
        by: RunId,
        /// Where it refers to it.
        document: PathBuf,
    },
    /// An export elsewhere refers to files in it.
    #[error("the export {} refers to its files", export.display())]
    Exported {
        /// The file of the export.
        export: PathBuf,
    },
    /// A backend does not have all of it.
    #[error("{backend} does not have all of it")]
    Unsynced {
        /// The backend.
        backend: String,
    },
    /// It is unknown what a backend has of it.
    #[error("it is unknown what {} has of it: {reason}", backend.as_deref().unwrap_or("a backend"))]
    UnknownProgress {
        /// The backend, if that is known.
        backend: Option<String>,
        /// What cannot be read.
        reason: String,
    },
    /// Its job is bound to the tracker's run that it is sent to.
    #[error("its job is bound to the {backend} run that it was sent to")]
    Bound {
        /// The backend.
        backend: String,
    },
    /// Its directory is not in the workspace: there is a symbolic link in between.
    #[error("its directory {} is not in this workspace", directory.display())]
    Elsewhere {
        /// Where it is.
        directory: PathBuf,
    },
    /// What it needs of other runs cannot be said.
    #[error("{} cannot be read, so it is unknown which runs it needs", document.display())]
    Unreadable {
        /// The document.
        document: PathBuf,
    },
    /// The workspace has no such run any more.
    #[error("it does not exist any more")]
    Gone,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Removed {
    /// The runs that were removed.
    pub runs: Vec<RemovableRun>,
    /// The runs that have to stay.
    pub kept: Vec<KeptRun>,
    /// The runs whose removal an earlier process had begun, and which are removed now.
    pub finished: Vec<RunId>,
}

impl RemovalPlan {
    /// What the runs occupy together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        total(&self.runs)
    }
}

impl Removed {
    /// What the runs occupied together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        total(&self.runs)
    }
}

fn total(runs: &[RemovableRun]) -> u64 {
    let sizes = runs.iter().map(|run| run.bytes);
    sizes.fold(0, u64::saturating_add)
}

impl Workspace {
    /// What removing these runs would do. A run is removed with its child runs. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when the workspace cannot be read.
    pub fn plan_removal(&self, runs: &[RunId]) -> Result<RemovalPlan, WorkspaceError> {
        let mut plan = needs::plan(self, runs)?;
        plan.unfinished = removal::unfinished(self.directory());
        Ok(plan)
    }

    /// Removes these runs with their child runs, except those that have to stay, and finishes what an
    /// earlier removal had begun. Jobs stay: their state points are what signac knows them by.
    /// `progress` gets how many directories are deleted, and how many will be.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when the workspace cannot be read or changed. The next call finishes
    /// what was begun.
    pub fn remove_runs(
        &self,
        runs: &[RunId],
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Removed, WorkspaceError> {
        let lock = exclusive::lock(self.directory())?;
        // A run that another one began to need since then stays.
        let begun = removal::unfinished(self.directory());
        let resumed = needs::plan(self, &begun)?;
        let ids: Vec<RunId> = resumed.runs.iter().map(|run| run.run_id.clone()).collect();
        removal::remove(self, &ids, &begun, &mut progress)?;
        let plan = needs::plan(self, runs)?;
        let ids: Vec<RunId> = plan.runs.iter().map(|run| run.run_id.clone()).collect();
        removal::remove(self, &ids, &[], &mut progress)?;
        drop(lock);
        let mut kept = plan.kept;
        kept.extend(
            resumed
                .kept
                .into_iter()
                .filter(|run| run.reason != KeepReason::Gone),
        );
        let is_kept = |id: &RunId| kept.iter().any(|run| run.run_id == *id);
        let finished = begun.into_iter().filter(|id| !is_kept(id)).collect();
        Ok(Removed {
            runs: plan.runs,
            kept,
            finished,
        })
    }
}
