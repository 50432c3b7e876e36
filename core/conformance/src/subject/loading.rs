//! Loading the runner, as the tests need it.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use protea_core::{
    Isolation, LoadError, ResolvedSpec, Runner,
    catalog::Entry,
    worker::{Sandbox, WorkerLimits, WorkerOptions},
};
use serde_json::Value;

use super::{
    Subject,
    blame::{blamed_on, prerequisite},
};
use crate::{Verdict, pace, prerequisites};

/// How long a call that is asked to end may take, alone on its machine.
const GRACE: Duration = Duration::from_millis(900);

impl Subject {
    /// The runner, every call of which runs in a worker.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn runner(&self) -> Result<&Runner, Verdict> {
        self.load()
            .map_err(|verdict| match self.lies.load(Ordering::SeqCst) {
                true => prerequisite(prerequisites::AGREES),
                false => blamed_on(prerequisites::OPENS, verdict),
            })
    }

    /// Loads the runner; what that came to.
    pub(crate) fn load(&self) -> Result<&Runner, Verdict> {
        let entry = self.entry()?;
        self.runner
            .get_or_init(|| {
                let began = Instant::now();
                let loaded = self.load_with(&entry, Duration::ZERO, GRACE, Sandbox::Off);
                self.loading.get_or_init(|| began.elapsed());
                loaded
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// How long it took to load the runner, once it was.
    pub(crate) fn loading_time(&self) -> Duration {
        self.loading.get().copied().unwrap_or_default()
    }

    /// The runner, whose workers stay a while after their answer and watch for late events.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn lingering(&self, linger: Duration) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(&self.entry()?, linger, GRACE, Sandbox::Off)
            .map_err(|verdict| blamed_on(prerequisites::OPENS, verdict))
    }

    /// The runner, which has as much time to end when it is asked to as a second is worth on this
    /// machine now.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub(crate) fn asked_to_end(&self) -> Result<Runner, Verdict> {
        self.runner()?;
        let grace = GRACE.mul_f64(pace::slowness());
        self.load_with(&self.entry()?, Duration::ZERO, grace, Sandbox::Off)
            .map_err(|verdict| blamed_on(prerequisites::OPENS, verdict))
    }

    /// Whether the runner does not load because its descriptor says something else.
    pub(crate) fn descriptor_lies(&self) -> bool {
        let _ = self.load();
        self.lies.load(Ordering::SeqCst)
    }

    /// The runner, kept to the files it needs and away from the network.
    ///
    /// # Errors
    ///
    /// The verdict on a runner that does not load so.
    pub fn enclosed(&self) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(&self.entry()?, Duration::ZERO, GRACE, Sandbox::Strict)
    }

    fn load_with(
        &self,
        entry: &Entry,
        linger: Duration,
        grace: Duration,
        sandbox: Sandbox,
    ) -> Result<Runner, Verdict> {
        let options = WorkerOptions {
            command: self.settings.host.worker.clone(),
            limits: self.limits(),
            sandbox,
            grace,
            linger,
        };
        Runner::load(entry, &Isolation::Worker(Box::new(options))).map_err(|error| {
            if matches!(error, LoadError::DescriptorLies { .. }) {
                self.lies.store(true, Ordering::SeqCst);
            }
            Verdict::of_load(&error)
        })
    }

    /// What a process that runs the runner's code may use.
    #[must_use]
    pub fn limits(&self) -> WorkerLimits {
        WorkerLimits {
            time: Some(self.settings.time_limit),
            memory: Some(self.settings.memory_limit),
            output: Some(256 << 20),
            ..WorkerLimits::default()
        }
    }

    /// The spec of the settings, completed and checked.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn resolved_spec(&self) -> Result<ResolvedSpec, Verdict> {
        self.runner()?
            .resolve_spec(&self.settings.spec)
            .map_err(|_| prerequisite(prerequisites::DEFAULTS))
    }

    /// The value of [`resolved_spec`](Self::resolved_spec).
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn spec(&self) -> Result<Value, Verdict> {
        self.resolved_spec().map(ResolvedSpec::into_value)
    }

    /// A spec, completed with the defaults and checked.
    ///
    /// # Errors
    ///
    /// Skipped, where it is not valid.
    pub(crate) fn completed(&self, spec: &Value) -> Result<Value, Verdict> {
        self.runner()?
            .resolve_spec(spec)
            .map(ResolvedSpec::into_value)
            .map_err(|error| Verdict::skipped(error.to_string()))
    }
}
