//! A run as a scope: it ends when its closure or its guard ends.

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
    Artifact, Event, EventKind, Metric, RunObserver, RunReference, RunSink, RunStart, RunStatus,
    Tags, Tracker, TrackerError,
};

/// A run that goes on. Usable from any thread.
///
/// [`finish`](Self::finish) ends it. A guard that is dropped without ends it as `failed`: that is
/// what an early `?` and a panic look like. A run whose process vanishes is closed as `killed` by
/// whoever looks next (see [`log`](crate::log)).
///
/// ```
/// use protea_tracking::{Memory, RunStart, RunStatus, Tracker};
///
/// let tracker = Memory::default();
/// let run = tracker.start_run(RunStart::new("knn on A").config("k", 5))?;
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
    /// None once the run has ended: files and connections are let go.
    sink: Option<Box<dyn RunSink>>,
    next: u64,
    step: Option<u64>,
}

/// Runs `body` in a run of `tracker`: `finished` when it returns a value, `failed` with the
/// error's text when it returns an error, `failed` when it panics.
///
/// ```
/// use protea_tracking::{Memory, RunStart, TrackerError};
///
/// let tracker = Memory::default();
/// let fmax = protea_tracking::run(&tracker, RunStart::new("knn"), |run| {
///     run.log_metrics(0, [("fmax", 0.544)])?;
///     Ok::<_, TrackerError>(0.544)
/// })?;
/// assert_eq!(fmax, 0.544);
/// # Ok::<(), TrackerError>(())
/// ```
///
/// # Errors
///
/// What `body` returns; [`TrackerError`] where the run cannot be started or ended.
pub fn run<T, E>(
    tracker: &dyn Tracker,
    start: RunStart,
    body: impl FnOnce(&Run) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<TrackerError> + fmt::Display,
{
    let run = tracker.start_run(start)?;
    match body(&run) {
        Ok(value) => {
            run.finish(RunStatus::Finished)?;
            Ok(value)
        }
        Err(error) => {
            // What went wrong first is what the caller needs to know.
            let _ = run.fail(&error.to_string());
            Err(error)
        }
    }
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

    /// Tells `observer` of everything that happens from now on; of the start at once.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn RunObserver>) -> Self {
        observer.on_start(&self.start);
        self.observer = Some(observer);
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.start.run_id
    }

    /// What was known of it at its start.
    #[must_use]
    pub fn start(&self) -> &RunStart {
        &self.start
    }

    /// The run as the backend knows it.
    #[must_use]
    pub fn reference(&self) -> &RunReference {
        &self.reference
    }

    /// A start for a run that is part of this one, in the same project and group.
    #[must_use]
    pub fn child(&self, name: impl Into<String>) -> RunStart {
        let mut start = RunStart::new(name).nested(self.id());
        start.project.clone_from(&self.start.project);
        start.group.clone_from(&self.start.group);
        start.offline = self.start.offline;
        start
    }

    /// Adds settings that became known after the start.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    pub fn log_params(&self, params: Map<String, Value>) -> Result<(), TrackerError> {
        self.apply(EventKind::LogParams { params })
    }

    /// Adds values of metrics at a step. NaN and the infinities are values.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    pub fn log_metrics<'a, N: Into<Cow<'a, str>>>(
        &self,
        step: u64,
        metrics: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<(), TrackerError> {
        let metrics: Vec<Metric<'a>> = metrics
            .into_iter()
            .map(|(name, value)| Metric {
                name: name.into(),
                value,
            })
            .collect();
        self.apply(EventKind::Log { step, metrics })
    }

    /// Sets tags, or changes them.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    pub fn set_tags(&self, tags: Tags) -> Result<(), TrackerError> {
        self.apply(EventKind::SetTags { tags })
    }

    /// Adds a file or directory that is there, under a name with `/` between its parts. Leave it
    /// in place: backends that are fed later read it then.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`] when it is not there; else as the backend says.
    pub fn log_artifact(&self, path: &Path, name: &str) -> Result<(), TrackerError> {
        self.apply(EventKind::LogArtifact(artifact(path, name)?))
    }

    /// Adds a model: a file or directory that is there.
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
    /// [`TrackerError::Ended`] when it has ended before; else as the backend says.
    pub fn finish(&self, status: RunStatus) -> Result<(), TrackerError> {
        self.end(status, None)
    }

    /// Ends the run as `failed`, and says why.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    pub fn fail(&self, error: &str) -> Result<(), TrackerError> {
        self.end(RunStatus::Failed, Some(error.to_owned()))
    }

    /// Ends the run as `killed`, and says why.
    ///
    /// # Errors
    ///
    /// [`TrackerError`].
    pub fn kill(&self, reason: &str) -> Result<(), TrackerError> {
        self.end(RunStatus::Killed, Some(reason.to_owned()))
    }

    /// Lets go of the run without ending it. [`Tracker::start_run`] with its id goes on with it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Ended`] when it has ended before; else as the backend says.
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
            let event = Event { seq, time, kind };
            // The place is used up even if the event is lost: the gap shows it.
            state.next += 1;
            let result = sink.apply(std::slice::from_ref(&event));
            if !matches!(event.kind, EventKind::Finish { .. }) {
                state.sink = Some(sink);
            }
            result?;
            event
        };
        self.tell(&event);
        Ok(())
    }

    fn tell(&self, event: &Event<'_>) {
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
        // A sink that panicked took the event or not; the next one tells.
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
            "the run was left before it was finished"
        };
        // Nobody is left to be told; the log's sweep closes what this could not.
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

/// The clock, to the microsecond: what the log keeps is what backends get live.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

fn artifact(path: &Path, name: &str) -> Result<Artifact, TrackerError> {
    let path = path.canonicalize().map_err(TrackerError::read(path))?;
    let illegal = |part: &str| part.is_empty() || part == "." || part == "..";
    if name.split('/').any(illegal) || name.contains(['\\', '\0', '\n', '#']) {
        return Err(TrackerError::Name {
            what: "artefact name",
            value: name.to_owned(),
            reason: "it must be parts with `/` between them, none empty, `.` or `..`, without \
                     backslash, `#` and control characters"
                .to_owned(),
        });
    }
    Ok(Artifact {
        path,
        name: name.to_owned(),
    })
}
