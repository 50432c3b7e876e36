//! How workers are started and what they may do.

use std::{io, time::Duration};

use super::{child::ARGUMENT, limits::WorkerLimits, process::WorkerCommand, sandbox::Sandbox};

/// How workers are started and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerOptions {
    /// The program.
    pub command: WorkerCommand,
    /// What a worker may use.
    pub limits: WorkerLimits,
    /// Whether they are kept to the files they need and away from the network.
    pub sandbox: Sandbox,
    /// How long a runner that is asked to end, because the user or the time limit wants it, may
    /// take before it is killed.
    pub grace: Duration,
    /// How long a worker stays after its answer, watching for events that come late.
    pub linger: Duration,
}

impl WorkerOptions {
    /// Workers that are this program again. Its `main` must begin with [`serve_if_asked`].
    ///
    /// # Errors
    ///
    /// When the system does not tell where this program is.
    pub fn this_program() -> io::Result<Self> {
        Ok(Self {
            command: WorkerCommand {
                program: std::env::current_exe()?,
                arguments: vec![ARGUMENT.to_owned()],
            },
            limits: WorkerLimits::default(),
            sandbox: Sandbox::Off,
            grace: Duration::from_millis(750),
            linger: Duration::ZERO,
        })
    }
}
