//! What an experiment is made of: a runner, a workspace, and options.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::ThreadId,
};

use protea_tracking::RunId;
use url::Url;

use super::{
    delegation::Delegation,
    events::{EventSource, ExperimentEvent},
    observer::{Observer, Silent},
    observers::{Both, Callback, CancelToken},
    recording::Recording,
};
use crate::{Dataset, Runner, Workspace, backends::Tracking, store::Store, workspace::Job};

/// Whether an operation reuses finished runs that did the same work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// A finished run with the same runner file, settings, seed and datasets is reused.
    #[default]
    FinishedRuns,
    /// Everything is computed again.
    Nothing,
}

/// Where the checkpoints of an experiment are.
#[derive(Debug, Clone, Default)]
pub(super) enum Checkpoints {
    /// In the workspace.
    #[default]
    InWorkspace,
    /// In this directory, which the claim of a task protects from other processes. Whoever set this
    /// removes it when the result of the task is published.
    OfTask(PathBuf),
}

/// How [`Experiment::run`] records the operations of its body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunLayout {
    /// Each operation is a child run.
    #[default]
    Nested,
    /// Each operation is a step of the one run.
    Flat,
}

/// A runner, a workspace and trackers: records everything that it runs.
///
/// It owns what it needs, so it can be moved to another thread or kept in a program's state. Its
/// clones share the runner; several threads may use one experiment at the same time.
///
/// ```no_run
/// # use protea_core::{Dataset, Experiment};
/// # fn example(experiment: Experiment, train: Dataset) {
/// let running = std::thread::spawn(move || experiment.fit(&serde_json::json!({}), &train));
/// let finished = running.join();
/// # }
/// ```
#[derive(Clone)]
pub struct Experiment {
    pub(super) runner: Runner,
    pub(super) workspace: Workspace,
    pub(super) job: Option<Job>,
    pub(super) below: Option<RunId>,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) jobs: usize,
    pub(super) reuse: Reuse,
    pub(super) checkpoints: Checkpoints,
    pub(super) layout: RunLayout,
    pub(super) tracking: Tracking,
    pub(super) recording: Recording,
    pub(super) store: Option<Store>,
    pub(super) export_to: Option<Url>,
    pub(super) model_datasets: Vec<Dataset>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) delegation: Option<Arc<Delegation>>,
    /// By thread, the name of the run that [`Experiment::run`] is in.
    pub(super) inside: Arc<Mutex<HashMap<ThreadId, String>>>,
}

impl Experiment {
    /// An experiment with seed 0, all cores, no observer, and no backend except the event log.
    #[must_use]
    pub fn new(runner: &Runner, workspace: &Workspace) -> Self {
        Self {
            runner: runner.clone(),
            workspace: workspace.clone(),
            job: None,
            below: None,
            seed: 0,
            threads: 0,
            jobs: 1,
            reuse: Reuse::default(),
            checkpoints: Checkpoints::default(),
            layout: RunLayout::default(),
            tracking: Tracking::default(),
            recording: Recording::default(),
            store: None,
            export_to: None,
            model_datasets: Vec::new(),
            observer: Arc::new(Silent),
            delegation: None,
            inside: Arc::default(),
        }
    }

    /// The same with another runner.
    #[must_use]
    pub fn with_runner(&self, runner: &Runner) -> Self {
        Self {
            runner: runner.clone(),
            ..self.clone()
        }
    }

    /// Records every run in this job instead of the job of its state point.
    #[must_use]
    pub fn with_job(mut self, job: Job) -> Self {
        self.job = Some(job);
        self
    }

    /// Nests every run without another parent in the run with this id.
    #[must_use]
    pub fn with_parent(mut self, run_id: impl Into<RunId>) -> Self {
        self.below = Some(run_id.into());
        self
    }

    /// Seeds everything that is random.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many threads a runner may use; 0 stands for one per core.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many trials of a search, or folds of a cross-validation, run in parallel. The threads
    /// are divided among them. 1 unless set.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Whether trials and folds reuse finished runs; [`Reuse::FinishedRuns`] unless set.
    #[must_use]
    pub fn with_reuse(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }

    /// Sets the tracking: backends, project, group and tags.
    #[must_use]
    pub fn with_tracking(mut self, tracking: Tracking) -> Self {
        self.tracking = tracking;
        self
    }

    /// Sets what is recorded of every run besides its results: samples of the machine, uncommitted
    /// changes.
    #[must_use]
    pub fn with_recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// The store for remote models and exports; [`Store::from_env`] unless set.
    #[must_use]
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Names the dataset that a model refers to. A model that a run of the workspace did not make may
    /// refer to a remote dataset only if it is named here: its URI in the model is not used.
    #[must_use]
    pub fn with_dataset_of_model(mut self, dataset: Dataset) -> Self {
        self.model_datasets.push(dataset);
        self
    }

    /// The default destination of exports: a local or remote directory that does not exist yet; the
    /// run's own directory unless set.
    #[must_use]
    pub fn with_export_to(mut self, destination: Url) -> Self {
        self.export_to = Some(destination);
        self
    }

    /// Adds an observer, which receives steps and events and can cancel.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Arc::new(Both(self.observer, observer));
        self
    }

    /// Gives everything that happens in the experiment to a function, also in the runs of a search
    /// or a cross-validation. It is called from any thread, and the run waits until it returns.
    ///
    /// ```no_run
    /// # use protea_core::Experiment;
    /// # fn example(experiment: Experiment) {
    /// use protea_core::experiment::ExperimentEvent;
    ///
    /// let (sender, events) = std::sync::mpsc::channel();
    /// let experiment = experiment.with_events(move |source, event| {
    ///     let _ = sender.send((source.name.clone(), event));
    /// });
    /// # let _ = (experiment, events);
    /// # }
    /// ```
    #[must_use]
    pub fn with_events(
        self,
        on_event: impl Fn(&EventSource, ExperimentEvent) + Send + Sync + 'static,
    ) -> Self {
        self.with_observer(Arc::new(Callback(on_event)))
    }

    /// Ends the experiment's current call, and its run before the next step, once this token is
    /// cancelled.
    #[must_use]
    pub fn with_cancel_token(self, token: CancelToken) -> Self {
        self.with_observer(Arc::new(token))
    }

    /// Plans or gathers work instead of doing it: the trials of a search, the folds of a
    /// cross-validation, the contenders of a benchmark, and whole runs.
    #[must_use]
    pub fn with_delegation(mut self, delegation: Arc<Delegation>) -> Self {
        self.delegation = Some(delegation);
        self
    }

    /// How a [`run`](Self::run) records its operations; [`RunLayout::Nested`] unless set.
    #[must_use]
    pub fn with_layout(mut self, layout: RunLayout) -> Self {
        self.layout = layout;
        self
    }
}
