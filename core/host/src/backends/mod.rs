//! Tracking: which backends an experiment's runs go to, with which project, group and tags.
//!
//! Every run is in the event log of its job, with or without backends (see [`protea_tracking`]).
//! This module knows jobs and the workspace, which do not know this module.

mod backend;
mod binding;
mod lifecycle;
mod sync;

use std::time::{Duration, Instant};

pub use backend::Backend;
pub use binding::{IfBound, bind_tracker, current_binding};
pub use lifecycle::{run_lifecycle, run_lifecycle_tracked};
pub use sync::{SyncedRun, recover, sync};

use protea_tracking::{
    Jsonl, LogFirst, OnLogError, RefusedEvents, Tags, TrackerError, Undelivered,
};

use crate::workspace::{Job, TrackerBinding, Workspace};

/// Whether runs are sent to the servers of their backends while they run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Connection {
    /// Runs are sent as they go.
    #[default]
    Online,
    /// No server is contacted. A later sync sends the runs.
    Offline,
}

/// Which backends an experiment's runs go to, with which project, group and tags.
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
    pub(crate) connection: Connection,
    on_log_error: OnLogError,
    backends: Vec<Backend>,
}

impl Tracking {
    /// Sets the project: an experiment in MLflow, a project in W&B.
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Sets the group, within which runs are compared.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Adds a tag to every run. A run's own tag of the same name takes precedence.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Sets a free text for every run.
    #[must_use]
    pub fn with_notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }

    /// Whether runs are sent to servers while they run; [`Connection::Online`] unless set.
    #[must_use]
    pub fn with_connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// What happens to a run whose event log can no longer be written, such as on a full disk.
    #[must_use]
    pub fn with_on_log_error(mut self, on_log_error: OnLogError) -> Self {
        self.on_log_error = on_log_error;
        self
    }

    /// Sends every run to this backend too.
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Sends every run to the backend that a job is bound to, in its project and group.
    ///
    /// # Errors
    ///
    /// As [`Backend::from_name`].
    pub fn with_binding(mut self, binding: &TrackerBinding) -> Result<Self, TrackerError> {
        self.project = self.project.or_else(|| binding.project.clone());
        self.group = self.group.or_else(|| binding.group.clone());
        if binding.offline {
            self.connection = Connection::Offline;
        }
        let backend = Backend::from_name(&binding.backend, self.connection)?;
        Ok(self.with_backend(backend))
    }

    /// Asks the backends whether they take runs of this project, so that a run is not computed that
    /// can never be sent. A server that does not answer now is accepted.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] for a name that the backend never takes;
    /// [`TrackerError::TrackerInit`] with a remedy for a project that was deleted there.
    pub fn check_project(&self) -> Result<(), TrackerError> {
        self.backends
            .iter()
            .try_for_each(|backend| backend.check_project(self.project.as_deref()))
    }

    /// Waits until the backends have the ended runs: at most this long for all of them together, and
    /// not at all for one that does not answer. A later sync sends the rest.
    pub fn wait(&self, most: Duration) -> Vec<Undelivered> {
        let until = Instant::now() + most;
        let left = self.backends.iter().map(|backend| {
            // The backends are fed at the same time, so the time is that of all of them.
            backend.wait(until.saturating_duration_since(Instant::now()))
        });
        left.flatten().collect()
    }

    /// What the backends refused of the runs that [`wait`](Self::wait) no longer returns, such as
    /// files that a server does not store. Each run is returned once. The workspace keeps it, and a
    /// later sync sends it again.
    #[must_use = "a refusal that is dropped here is reported again only by a sync"]
    pub fn take_refused(&self) -> Vec<RefusedEvents> {
        self.backends
            .iter()
            .flat_map(Backend::take_refused)
            .collect()
    }

    /// The tracker of a job's runs: the event log, and the backends that are fed from it.
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
