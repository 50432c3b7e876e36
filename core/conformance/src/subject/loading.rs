//! Loads the runner with the options that the tests need.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use protea_core::{
    Isolation, LoadError, ResolvedSpec, Runner,
    catalog::Entry,
    contracts::emit::CANCEL_WITHIN,
    worker::{Sandbox, WorkerLimits, WorkerOptions},
};
use serde_json::Value;

use super::{
    Subject,
    blame::{blamed_on, prerequisite},
};
use crate::{Verdict, pace, test_names};

impl Subject {
    /// The runner. Every call runs in a worker.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn runner(&self) -> Result<&Runner, Verdict> {
        self.load()
            .map_err(|verdict| match self.lies.load(Ordering::SeqCst) {
                true => prerequisite(test_names::AGREES),
                false => blamed_on(test_names::OPENS, verdict),
            })
    }

    /// Loads the runner, for the test that reports its failure.
    pub(crate) fn load(&self) -> Result<&Runner, Verdict> {
        let entry = self.entry()?;
        self.runner
            .get_or_init(|| {
                let began = Instant::now();
                let loaded = self.load_with(&entry, Duration::ZERO, CANCEL_WITHIN, Sandbox::Off);
                self.loading.get_or_init(|| began.elapsed());
                loaded
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// How long it took to load the runner; zero before that.
    pub(crate) fn loading_time(&self) -> Duration {
        self.loading.get().copied().unwrap_or_default()
    }

    /// The runner, with workers that stay for `linger` after their answer and count late events.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn lingering(&self, linger: Duration) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(&self.entry()?, linger, CANCEL_WITHIN, Sandbox::Off)
            .map_err(|verdict| blamed_on(test_names::OPENS, verdict))
    }

    /// The runner, for calls that are cancelled. The time to end is scaled by the load of the machine.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub(crate) fn cancellable(&self) -> Result<Runner, Verdict> {
        self.runner()?;
        let grace = CANCEL_WITHIN.mul_f64(pace::slowness());
        self.load_with(&self.entry()?, Duration::ZERO, grace, Sandbox::Off)
            .map_err(|verdict| blamed_on(test_names::OPENS, verdict))
    }

    /// Whether the runner does not load because it contradicts the descriptor in the file.
    pub(crate) fn descriptor_lies(&self) -> bool {
        let _ = self.load();
        self.lies.load(Ordering::SeqCst)
    }

    /// The runner in a strict sandbox.
    ///
    /// # Errors
    ///
    /// The verdict on a runner that does not load there.
    pub fn sandboxed(&self) -> Result<Runner, Verdict> {
        self.runner()?;
        self.load_with(
            &self.entry()?,
            Duration::ZERO,
            CANCEL_WITHIN,
            Sandbox::Strict,
        )
    }

    fn load_with(
        &self,
        entry: &Entry,
        linger: Duration,
        grace: Duration,
        sandbox: Sandbox,
    ) -> Result<Runner, Verdict> {
        let options = WorkerOptions::new(self.settings.host.worker.clone())
            .with_limits(self.limits())
            .with_sandbox(sandbox)
            .with_grace(grace)
            .with_linger(linger);
        Runner::load(entry, &Isolation::worker(options)).map_err(|error| {
            if matches!(error, LoadError::DescriptorLies { .. }) {
                self.lies.store(true, Ordering::SeqCst);
            }
            Verdict::from_load(&error)
        })
    }

    /// The limits of a process that runs the runner's code.
    #[must_use]
    pub fn limits(&self) -> WorkerLimits {
        WorkerLimits::default()
            .with_time(self.settings.time_limit)
            .with_memory(self.settings.memory_limit)
            .with_output(256 << 20)
    }

    /// The spec of the settings with defaults filled in, validated.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn resolved_spec(&self) -> Result<ResolvedSpec, Verdict> {
        self.runner()?
            .resolve_spec(&self.settings.spec)
            .map_err(|_| prerequisite(test_names::DEFAULTS))
    }

    /// The value of [`resolved_spec`](Self::resolved_spec).
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn spec(&self) -> Result<Value, Verdict> {
        self.resolved_spec().map(ResolvedSpec::into_value)
    }

    /// A spec with defaults filled in, validated.
    ///
    /// # Errors
    ///
    /// Skipped, if it is not valid.
    pub(crate) fn resolved(&self, spec: &Value) -> Result<Value, Verdict> {
        self.runner()?
            .resolve_spec(spec)
            .map(ResolvedSpec::into_value)
            .map_err(|error| Verdict::skipped(error.to_string()))
    }
}
