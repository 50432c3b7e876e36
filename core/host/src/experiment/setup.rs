//! What an experiment is made of: a runner, a workspace, and options.

use std::sync::{Arc, Mutex};

use url::Url;

use super::observer::{Observer, Silent};
use crate::{Runner, Workspace, backends::Tracking, store::Store, workspace::Job};

/// A runner, a workspace and trackers, tied together.
#[derive(Clone)]
pub struct Experiment<'a> {
    pub(super) runner: &'a Runner,
    pub(super) workspace: &'a Workspace,
    pub(super) job: Option<Job>,
    pub(super) below: Option<String>,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) jobs: usize,
    pub(super) recompute: bool,
    pub(super) flat: bool,
    pub(super) tracking: Tracking,
    pub(super) store: Option<Store>,
    pub(super) export_to: Option<Url>,
    pub(super) observer: Arc<dyn Observer>,
    /// The name of the run that [`Experiment::run`] is in.
    pub(super) inside: Arc<Mutex<Option<String>>>,
}

impl<'a> Experiment<'a> {
    /// An experiment with seed 0, all cores, nobody watching, and no backend beside the event log.
    #[must_use]
    pub fn new(runner: &'a Runner, workspace: &'a Workspace) -> Self {
        Self {
            runner,
            workspace,
            job: None,
            below: None,
            seed: 0,
            threads: 0,
            jobs: 1,
            recompute: false,
            flat: false,
            tracking: Tracking::default(),
            store: None,
            export_to: None,
            observer: Arc::new(Silent),
            inside: Arc::default(),
        }
    }

    /// The same with another runner.
    #[must_use]
    pub fn with_runner<'b>(&self, runner: &'b Runner) -> Experiment<'b>
    where
        'a: 'b,
    {
        Experiment {
            runner,
            ..self.clone()
        }
    }

    /// Keeps every run in this job, instead of in the one that its state point makes.
    #[must_use]
    pub fn in_job(mut self, job: Job) -> Self {
        self.job = Some(job);
        self
    }

    /// Nests every run that is not nested otherwise below the run with this id.
    #[must_use]
    pub fn below(mut self, run_id: impl Into<String>) -> Self {
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

    /// How many trials of a search, or folds of a cross-validation, go on at once; each gets its
    /// share of the threads. 1 unless set.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Computes every trial and fold anew, also where a run that is there already did the same.
    #[must_use]
    pub fn recomputing(mut self, recompute: bool) -> Self {
        self.recompute = recompute;
        self
    }

    /// What the runs say of themselves, and which backends they go to.
    #[must_use]
    pub fn with_tracking(mut self, tracking: Tracking) -> Self {
        self.tracking = tracking;
        self
    }

    /// The store that models and exports elsewhere go through, instead of the user's.
    #[must_use]
    pub fn with_store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Where exports go that are told no other place: a directory that must not be there yet, of this
    /// machine or elsewhere; the run's own directory unless set.
    #[must_use]
    pub fn exporting_to(mut self, destination: Url) -> Self {
        self.export_to = Some(destination);
        self
    }

    /// Who is told of steps and events, and may cancel.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Puts what happens in a [`run`](Self::run) into that one run, as its steps, instead of into
    /// child runs.
    #[must_use]
    pub fn flat(mut self, flat: bool) -> Self {
        self.flat = flat;
        self
    }
}
