//! How workers start and what they may do.

use std::{io, time::Duration};

use super::{child::ARGUMENT, limits::WorkerLimits, process::WorkerCommand, sandbox::Sandbox};

/// How workers start and what they may do.
///
/// Start from [`this_program`](Self::this_program) or [`new`](Self::new), then set fields or use the
/// `with_` methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerOptions {
    /// The program that becomes the worker.
    pub command: WorkerCommand,
    /// Resource limits of each worker.
    pub limits: WorkerLimits,
    /// Whether a sandbox restricts workers to the files they need and blocks the network.
    pub sandbox: Sandbox,
    /// How long a runner may take to end after a cancellation or a timeout, before the host kills it.
    pub grace: Duration,
    /// How long a worker stays after its answer, to report events that the runner sends late.
    pub linger: Duration,
}

impl WorkerOptions {
    /// Workers that run this program again. Its `main` must begin with [`serve_if_asked`].
    ///
    /// # Errors
    ///
    /// When the system does not report the path of this program.
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
