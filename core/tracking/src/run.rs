//! A run that is being recorded, as a guard: it ends at the latest when the guard is dropped.

use std::{
    borrow::Cow,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    Artifact, EventKind, MetricPoint, RunEvent, RunId, RunObserver, RunReference, RunSink,
    RunStart, RunStatus, Tags, TrackerError,
};

/// A run that is being recorded. Usable from any thread.
///
/// [`finish`](Self::finish) ends it. If the value is dropped before, as by an early `?` or a panic,
/// the run ends as `failed`. If the process is gone, [`close_vanished`](crate::log::close_vanished)
/// ends the run as `killed`.
///
/// ```
/// use protea_tracking::{Memory, RunStart, RunStatus, Tracker};
///
/// let tracker = Memory::default();
/// let run = tracker.start_run(RunStart::new("knn on A").with_config("k", 5))?;
/// run.log_metrics(0, [("MFO/fmax", 0.544), ("BPO/fmax", 0.351)])?;
/// run.finish(RunStatus::Finished)?;
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
pub struct Run {
    start: RunStart,
    reference: RunReference,
    state: Mutex<State>,
    observer: Option<Arc<dyn RunObserver>>,
}

struct State {
    /// None once the run has ended or is suspended; files and connections are closed then.
    sink: Option<Box<dyn RunSink>>,
    /// Position of the next event.
    next: u64,
    /// The step that was logged last.
    step: Option<u64>,
}

impl Run {
    pub(crate) fn begin(sink: Box<dyn RunSink>, start: RunStart) -> Result<Self, TrackerError> {
        let applied = sink.applied();
        let run = Self {
            reference: sink.reference(),
            state: Mutex::new(State {
                sink: Some(sink),
                next: applied.map_or(0, |applied| applied + 1),
                step: None,
            }),
            observer: None,
            start,
        };
        if applied.is_none() {
            let first = EventKind::InitRun(Box::new(run.start.clone()));
            run.apply_at(run.start.started, first)?;
        }
        Ok(run)
    }

    /// Calls `observer` for every event from now on, and at once for the start.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn RunObserver>) -> Self {
        observer.on_start(&self.start);
        self.observer = Some(observer);
        self
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.start.run_id
    }

    /// The description of the run at its start.
    #[must_use]
    pub fn start(&self) -> &RunStart {
        &self.start
    }

    /// The run's id and address in the backend.
    #[must_use]
    pub fn reference(&self) -> &RunReference {
        &self.reference
    }

    /// The start of a run that is part of this one: same project, group and offline setting.
    #[must_use]
    pub fn child(&self, name: impl Into<String>) -> RunStart {
        let mut start = RunStart::new(name).with_parent(self.id());
        start.project.clone_from(&self.start.project);
        start.group.clone_from(&self.start.group);
        start.offline = self.start.offline;
        start
    }

    /// Adds settings that became known after the start.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Ended`] if the run has ended; as [`RunSink::apply`] otherwise.
    pub fn log_params(&self, params: Map<String, Value>) -> Result<(), TrackerError> {
        self.apply(EventKind::LogParams { params })
    }

    /// Adds values of metrics at a step. NaN and the infinities are allowed.
    ///
    /// # Errors
    ///
    /// As [`log_params`](Self::log_params).
    pub fn log_metrics<'a, N: Into<Cow<'a, str>>>(
        &self,
        step: u64,
        metrics: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<(), TrackerError> {
        let metrics: Vec<MetricPoint<'a>> = metrics
            .into_iter()
            .map(|(name, value)| MetricPoint {
                name: name.into(),
                value,
            })
            .collect();
        self.apply(EventKind::Log { step, metrics })
    }

    /// Adds tags, or changes them.
    ///
    /// # Errors
    ///
    /// As [`log_params`](Self::log_params).
    pub fn set_tags(&self, tags: Tags) -> Result<(), TrackerError> {
        self.apply(EventKind::SetTags { tags })
    }

    /// Adds an existing file or directory under a name with `/` between its parts. Do not move or
    /// delete it before all backends have the run: they read it when they are fed.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if it does not exist; [`TrackerError::Name`] for an invalid name; as
    /// [`log_params`](Self::log_params) otherwise.
    pub fn log_artifact(&self, path: &Path, name: &str) -> Result<(), TrackerError> {
        self.apply(EventKind::LogArtifact(artifact(path, name)?))
    }

    /// Adds a model: an existing file or directory.
    ///
    /// # Errors
    ///
    /// As [`log_artifact`](Self::log_artifact).
    pub fn log_model(&self, path: &Path, name: &str) -> Result<(), TrackerError> {
        self.apply(EventKind::LogModel(artifact(path, name)?))
    }

    /// Ends the run.
    ///
    /// # Errors
    ///
    /// As [`log_params`](Self::log_params).
    pub fn finish(&self, status: RunStatus) -> Result<(), TrackerError> {
        self.end(status, None)
    }

    /// Ends the run as `failed`, with the reason.
    ///
    /// # Errors
    ///
    /// As [`log_params`](Self::log_params).
    pub fn fail(&self, error: &str) -> Result<(), TrackerError> {
        self.end(RunStatus::Failed, Some(error.to_owned()))
    }

    /// Ends the run as `killed`, with the reason.
    ///
    /// # Errors
    ///
    /// As [`log_params`](Self::log_params).
    pub fn kill(&self, reason: &str) -> Result<(), TrackerError> {
        self.end(RunStatus::Killed, Some(reason.to_owned()))
    }

    /// Releases the run without ending it. [`Tracker::start_run`](crate::Tracker::start_run) with its id continues it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Ended`] if the run has ended; as [`RunSink::suspend`] otherwise.
    pub fn suspend(&self) -> Result<(), TrackerError> {
        match self.state().sink.take() {
            Some(mut sink) => sink.suspend(),
            None => Err(self.has_ended()),
        }
    }

    fn has_ended(&self) -> TrackerError {
        TrackerError::Ended {
            run_id: self.start.run_id.clone(),
        }
    }

    fn end(&self, status: RunStatus, error: Option<String>) -> Result<(), TrackerError> {
        self.apply(EventKind::Finish { status, error })
    }

    fn apply(&self, kind: EventKind<'_>) -> Result<(), TrackerError> {
        self.apply_at(now(), kind)
    }

    fn apply_at(&self, time: Timestamp, kind: EventKind<'_>) -> Result<(), TrackerError> {
        let event = {
            let mut state = self.state();
            let mut sink = state.sink.take().ok_or_else(|| self.has_ended())?;
            let seq = state.next;
            let event = RunEvent::new(seq, time, kind);
            // Counted even if writing fails: the gap shows that an event is lost.
            state.next += 1;
            let result = sink.apply(std::slice::from_ref(&event));
            if !event.is_end() {
                state.sink = Some(sink);
            }
            result?;
            event
        };
        self.notify(&event);
        Ok(())
    }

    fn notify(&self, event: &RunEvent<'_>) {
        let Some(observer) = &self.observer else {
            return;
        };
        let run_id = self.id();
        match &event.kind {
            EventKind::Log { step, metrics } => {
                if self.state().step.replace(*step) != Some(*step) {
                    observer.on_step(run_id, *step);
                }
                for metric in metrics {
                    observer.on_metric(run_id, *step, &metric.name, metric.value);
                }
            }
            EventKind::LogArtifact(artifact) | EventKind::LogModel(artifact) => {
                observer.on_artifact(run_id, &artifact.name, &artifact.path);
            }
            EventKind::Finish { status, .. } => observer.on_end(run_id, *status),
            EventKind::InitRun(_) | EventKind::LogParams { .. } | EventKind::SetTags { .. } => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whether a sink that panicked has accepted the event shows in the next call: sinks are
        // idempotent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.state().sink.is_none() {
            return;
        }
        let reason = if thread::panicking() {
            "the run panicked"
        } else {
            "the run was dropped before it was finished"
        };
        // A drop cannot return an error. `close_vanished` ends the run if this could not.
        let _ = self.end(RunStatus::Failed, Some(reason.to_owned()));
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Run")
            .field("start", &self.start)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

/// The current time to the microsecond, as the log stores it. Backends that are fed live get the
/// same time as those that are fed from the log.
fn now() -> Timestamp {
    let now = crate::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

fn artifact(path: &Path, name: &str) -> Result<Artifact, TrackerError> {
    let path = path.canonicalize().map_err(TrackerError::read(path))?;
    let is_invalid = |part: &str| part.is_empty() || part == "." || part == "..";
    if name.split('/').any(is_invalid) || name.contains(['\\', '\0', '\n', '#']) {
        return Err(TrackerError::Name {
            what: "artefact name",
            value: name.to_owned(),
            reason: "use `/` between its parts, of which none is empty, `.` or `..`, and no \
                     backslash, `#`, line break or NUL"
                .to_owned(),
        });
    }
    Ok(Artifact {
        path,
        name: name.to_owned(),
    })
}
