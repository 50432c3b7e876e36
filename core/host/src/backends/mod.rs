//! What an experiment's runs say of themselves to trackers, and which backends they go to.
//!
//! Every run is in the event log of its job, whatever else is attached (see [`protea_tracking`]).
//! This module knows jobs and the workspace, which know nothing of it.

mod backend;
mod binding;
mod lifecycle;
mod sync;

use std::time::Duration;

pub use backend::Backend;
pub use binding::{bind_tracker, current as current_binding};
pub use lifecycle::{run_lifecycle, run_lifecycle_tracked};
pub use sync::{SyncedRun, sync};

use protea_tracking::{Jsonl, LogFirst, OnLogError, Tags, TrackerError, Undelivered};

use crate::workspace::{Job, TrackerBinding, Workspace};

/// What an experiment's runs say of themselves to trackers, and which backends they go to.
///
/// ```
/// use std::sync::Arc;
///
/// use protea_core::{backends::{Backend, Tracking}, tracking::Memory};
///
/// let memory = Memory::default();
/// let tracking = Tracking::default()
///     .with_project("cafa")
///     .with_group("H012/E018/full")
///     .with_tag("dataset", "A")
///     .with_backend(Backend::shared(Arc::new(memory)));
/// ```
#[derive(Clone, Default)]
pub struct Tracking {
    pub(crate) project: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) notes: Option<String>,
    pub(crate) offline: bool,
    on_log_error: OnLogError,
    backends: Vec<Backend>,
}

impl Tracking {
    /// What the runs belong to: an experiment in MLflow, a project in W&B.
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// What the runs are compared within.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// A tag of every run; a run's own tag of the same name goes over it.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// A text for people, on every run.
    #[must_use]
    pub fn with_notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }

    /// Talks to no server; what is left is sent by a sync.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// What becomes of a run whose event log cannot be written any more, as on a full disk.
    #[must_use]
    pub fn on_log_error(mut self, on_log_error: OnLogError) -> Self {
        self.on_log_error = on_log_error;
        self
    }

    /// Carries every run to this backend too.
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Carries every run to the backend that a job is bound to, in its project and group.
    ///
    /// # Errors
    ///
    /// As [`Backend::named`].
    pub fn with_binding(mut self, binding: &TrackerBinding) -> Result<Self, TrackerError> {
        self.project = self.project.or_else(|| binding.project.clone());
        self.group = self.group.or_else(|| binding.group.clone());
        self.offline |= binding.offline;
        let backend = Backend::named(&binding.backend, self.offline)?;
        Ok(self.with_backend(backend))
    }

    /// Waits until the backends have the runs that ended, for each at most so long, and not at all
    /// for one that does not answer. What is left over can be sent by a sync later.
    pub fn wait(&self, most: Duration) -> Vec<Undelivered> {
        let left = self.backends.iter().map(|backend| backend.wait(most));
        left.flatten().collect()
    }

    /// The tracker of a job's runs: its event log, and what is fed from it.
    pub(crate) fn tracker(
        &self,
        workspace: &Workspace,
        job: &Job,
    ) -> Result<LogFirst, TrackerError> {
        let log = Jsonl::new(job.tracker_log())?
            .with_open_runs_in(workspace.open_runs())
            .with_markers_kept()
            .with_on_error(self.on_log_error);
        self.backends
            .iter()
            .try_fold(LogFirst::new(log), |tracker, backend| {
                backend.feed_from(tracker, job.directory())
            })
    }
}
