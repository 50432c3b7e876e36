//! The program whose processes run the runners under test: never the one that asks.

use std::io;

use protea_core::worker::{self, WorkerCommand, WorkerOptions};

use crate::sandbox;

/// Marks a test program that was started to be a worker. The test harness takes it for an option.
const WORKER_MARK: &str = "--skip=__protea-worker";
/// Marks a test program that was started to be a probe.
const PROBE_MARK: &str = "--skip=__protea-conformance";

/// How to start processes that run a runner's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Starts a worker of protea-core.
    pub worker: WorkerCommand,
    /// Starts a probe: a process that loads the runner and calls it several times.
    pub probe: WorkerCommand,
}

impl Host {
    /// This program again. Its `main` must begin with
    /// [`protea_core::worker::serve_if_asked`] and [`serve_if_asked`].
    ///
    /// # Errors
    ///
    /// When the system does not tell where this program is.
    pub fn this_program() -> io::Result<Self> {
        let worker = WorkerOptions::this_program()?.command;
        let probe = WorkerCommand {
            arguments: vec![sandbox::ARGUMENT.to_owned()],
            ..worker.clone()
        };
        Ok(Self { worker, probe })
    }

    /// This test program again, made to run the one test of this name, which must begin with
    /// [`serve_if_asked_in_test`]. [`conforms!`](crate::conforms) does all of it.
    ///
    /// # Errors
    ///
    /// When the system does not tell where this program is.
    pub fn this_test(name: &str) -> io::Result<Self> {
        let command = |mark: &str| -> io::Result<WorkerCommand> {
            Ok(WorkerCommand {
                program: std::env::current_exe()?,
                arguments: [name, "--exact", "--nocapture", "--test-threads=1", mark]
                    .map(str::to_owned)
                    .to_vec(),
            })
        };
        Ok(Self {
            worker: command(WORKER_MARK)?,
            probe: command(PROBE_MARK)?,
        })
    }
}

/// Serves as a probe if that is what this process was started for, and does not return then.
/// Belongs at the start of the `main` of a program that calls [`check`](crate::check) with
/// [`Host::this_program`].
pub fn serve_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments
        .next()
        .is_some_and(|first| first == sandbox::ARGUMENT);
    if asked && arguments.next().is_none() {
        sandbox::serve()
    }
}

/// Serves as a worker or a probe if [`Host::this_test`] started this process for it, and does not
/// return then.
pub fn serve_if_asked_in_test() {
    for argument in std::env::args_os() {
        if argument == WORKER_MARK {
            worker::serve()
        }
        if argument == PROBE_MARK {
            sandbox::serve()
        }
    }
}
