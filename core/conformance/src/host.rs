//! How to start the processes that run the code of a runner under test.

use std::io;

use protea_core::worker::{self, WorkerCommand, WorkerOptions};

use crate::sandbox;

/// An argument for a test program that is started as a worker. The test harness accepts it as an option.
const WORKER_MARK: &str = "--skip=__protea-worker";
/// An argument for a test program that is started as a probe.
const PROBE_MARK: &str = "--skip=__protea-conformance";

/// How to start processes that run a runner's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Starts a worker, which makes one call.
    pub(crate) worker: WorkerCommand,
    /// Starts a probe, which loads the runner and makes several calls.
    pub(crate) probe: WorkerCommand,
}

impl Host {
    /// Starts the running program. Its `main` must begin with
    /// [`protea_core::worker::serve_if_asked`] and [`serve_if_asked`].
    ///
    /// # Errors
    ///
    /// When the path of this program is not known.
    pub fn this_program() -> io::Result<Self> {
        let worker = WorkerOptions::this_program()?.command;
        let probe = WorkerCommand::new(&worker.program, vec![sandbox::ARGUMENT.to_owned()]);
        Ok(Self { worker, probe })
    }

    /// Starts the running test program with the one test of this name, which must begin with
    /// [`serve_if_asked_in_test`]. [`conforms!`](crate::conforms) does this.
    ///
    /// # Errors
    ///
    /// When the path of this program is not known.
    pub(crate) fn this_test(name: &str) -> io::Result<Self> {
        let command = |mark: &str| -> io::Result<WorkerCommand> {
            Ok(WorkerCommand::new(
                std::env::current_exe()?,
                [name, "--exact", "--nocapture", "--test-threads=1", mark]
                    .map(str::to_owned)
                    .to_vec(),
            ))
        };
        Ok(Self {
            worker: command(WORKER_MARK)?,
            probe: command(PROBE_MARK)?,
        })
    }
}

/// Serves as a probe, and does not return, if this process was started as one.
///
/// Call it at the start of the `main` of a program that uses [`Host::this_program`].
pub fn serve_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments
        .next()
        .is_some_and(|first| first == sandbox::ARGUMENT);
    if asked && arguments.next().is_none() {
        sandbox::serve()
    }
}

/// Serves as a worker or a probe, and does not return, if [`Host::this_test`] started this process.
pub(crate) fn serve_if_asked_in_test() {
    for argument in std::env::args_os() {
        if argument == WORKER_MARK {
            worker::serve()
        }
        if argument == PROBE_MARK {
            sandbox::serve()
        }
    }
}
