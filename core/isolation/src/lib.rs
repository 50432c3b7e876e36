//! Worker isolation: every call of a runner in a process of its own.
//!
//! This crate knows the contract and how to call a runner's library in a worker process. It does not
//! know the host: catalog, workspace and experiments.
//!
//! The worker is the host's own program, started anew with a hidden argument. It takes one
//! start message from a socket, opens the runner's library, makes one call, streams
//! the events back, answers, and is killed, with all that the runner has started. A crash, an
//! exit, a hang, a hunger for memory or a broken answer is an error of that dispatch.
//!
//! Between host and worker stands the keeper, once more the same program, which inherits whatever
//! the runner starts and ends it when the worker ends or the host lets go.
//!
//! | file | what it holds |
//! |---|---|
//! | `protocol` | the frames |
//! | `child` | the worker's side |
//! | `contained` | calls into the embedding application |
//! | `error` | why a call gave no result |
//! | `keeper` | the process between, which inherits what the runner starts |
//! | `guard` | what keeps the runner off it |
//! | `family` | who descends from a process |
//! | `leash` | the tie between host and keeper |
//! | `process` | the processes as the host has them: start, last words, kill |
//! | `last_words` | the end of what a worker wrote to standard error |
//! | `stragglers` | what came of a worker that nobody keeps |
//! | `supervise` | the host's side: events, deadlines, cancellation |
//! | `verdict` | what the end of a worker means |
//! | `limits` | what a worker may use |
//! | `memory` | what a worker and all that comes of it hold together |
//! | `sandbox` | what a worker may reach |
//! | `filter`, `native` | calls that a process gives up; what the system offers through unsafe calls only |

#![cfg(unix)]

mod child;
mod contained;
mod error;
mod family;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod filter;
#[cfg(target_os = "linux")]
mod guard;
mod keeper;
mod last_words;
mod leash;
mod limits;
mod memory;
#[cfg(target_os = "linux")]
mod native;
mod process;
mod protocol;
mod sandbox;
pub mod stragglers;
mod supervise;
mod verdict;

use std::{io, process::ExitStatus, time::Duration};

pub use error::WorkerError;
pub use limits::WorkerLimits;
pub use process::{STDERR, STDOUT, WorkerCommand};
pub use protocol::Operation;
pub use sandbox::{INCOMPLETE as SANDBOX_INCOMPLETE, Sandbox};

pub use supervise::{LATE_EVENTS, Task, dispatch};

/// The argument that makes a program serve as a worker.
const ARGUMENT: &str = "__protea-worker";

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

/// Serves as a worker, and does not return: for a program that a [`WorkerCommand`] of one's own has
/// started, with other arguments than [`serve_if_asked`] looks for.
pub fn serve() -> ! {
    child::serve()
}

/// Puts the parent of this process, which looks after it, out of reach of this thread and all that
/// it starts: for a process of one's own that runs a runner's code. Workers do so by themselves.
///
/// On Linux, as far as the kernel can: since 6.12, no signal gets out of the process and what it
/// starts; before that, calls are refused that name the parent by its number. Elsewhere, nothing.
/// It cannot be taken back.
pub fn protect_parent() {
    #[cfg(target_os = "linux")]
    guard::protect_parent();
}

/// What it means that a process which ran a runner's code ended without an answer. `last_words` are
/// the end of what it wrote to standard error.
#[must_use]
pub fn explain_end(status: ExitStatus, limits: &WorkerLimits, last_words: String) -> WorkerError {
    verdict::of_end(Some(status), None, limits, last_words)
}

/// Serves as a worker if that is what this process was started for, and does not return then.
/// The first thing in the `main` of a program that starts workers.
pub fn serve_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ARGUMENT) && arguments.next().is_none() {
        child::serve()
    }
}
