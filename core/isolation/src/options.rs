//! How workers start and what they may do.

use std::{io, time::Duration};

use protea_contracts::emit::CANCEL_WITHIN;

use super::{
    child::ARGUMENT, environment::Environment, limits::WorkerLimits, process::WorkerCommand,
    sandbox::Sandbox,
};

/// How workers start and what they may do.
///
/// Start from [`this_program`](Self::this_program) or [`new`](Self::new), then set fields or use
/// the `with_` methods.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// The program that becomes the worker.
    pub command: WorkerCommand,
    /// Resource limits of each worker.
    pub limits: WorkerLimits,
    /// Whether a sandbox restricts workers to the files they need and blocks the network.
    pub sandbox: Sandbox,
    /// Environment variables that workers in a sandbox get in addition to the usual ones. Variables
    /// that look like credentials are never passed. A worker without a sandbox gets all variables.
    pub environment: Vec<String>,
    /// How long a runner may take to end after a cancellation or a timeout, before the host kills
    /// it. A runner that conforms to the contract needs at most [`CANCEL_WITHIN`].
    pub grace: Duration,
    /// How long a worker stays after its answer, to report events that the runner sends late.
    pub linger: Duration,
}

impl WorkerOptions {
    /// Workers that run this program again. Its `main` must begin with [`serve_if_asked`](crate::serve_if_asked).
    ///
    /// # Errors
    ///
    /// When the system does not report the path of this program.
    pub fn this_program() -> io::Result<Self> {
        Ok(Self::new(WorkerCommand::new(
            std::env::current_exe()?,
            vec![ARGUMENT.to_owned()],
        )))
    }

    /// Workers that run this command, with the default limits, no sandbox and the time to end that
    /// the contract gives a cancelled runner ([`CANCEL_WITHIN`]).
    #[must_use]
    pub fn new(command: WorkerCommand) -> Self {
        Self {
            command,
            limits: WorkerLimits::default(),
            sandbox: Sandbox::Off,
            environment: Vec::new(),
            grace: CANCEL_WITHIN,
            linger: Duration::ZERO,
        }
    }

    /// Sets the resource limits.
    #[must_use]
    pub fn with_limits(mut self, limits: WorkerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the sandbox.
    #[must_use]
    pub fn with_sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Names environment variables that workers in a sandbox get too.
    #[must_use]
    pub fn with_environment(mut self, names: Vec<String>) -> Self {
        self.environment = names;
        self
    }

    /// The names of the environment variables of this process that a worker of this runner gets, with
    /// those of `named` if they are set. `None` without a sandbox: the worker gets all.
    #[must_use]
    pub fn visible_variables(&self, runner: &str, named: &[String]) -> Option<Vec<String>> {
        let environment = self.choose_environment(runner, named)?;
        let names = environment.passed.into_iter();
        let mut names: Vec<String> = names
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        names.sort();
        Some(names)
    }

    /// The environment of a worker in a sandbox.
    pub(super) fn choose_environment(&self, runner: &str, named: &[String]) -> Option<Environment> {
        if self.sandbox == Sandbox::Off {
            return None;
        }
        let named = [&self.environment[..], named].concat();
        Some(Environment::choose(std::env::vars_os(), runner, &named))
    }

    /// Sets how long a runner may take to end when it is asked to.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets how long a worker stays after its answer.
    #[must_use]
    pub fn with_linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }
}
