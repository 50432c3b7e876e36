//! Worker isolation: the host makes every call of a runner in a separate process.
//!
//! This crate knows the contract and how to call a runner's library in a worker process. It does not
//! know the host: catalog, workspace and experiments.
//!
//! The worker is the host's own program, started again with a hidden argument. It reads one start
//! message from a socket, opens the runner's library, makes one call, streams the events to the host
//! and sends the answer. Then it is killed, with every process that the runner has started. A crash,
//! an exit, a hang, too much memory or an invalid answer is an error of that call only.
//!
//! Between host and worker runs the keeper, another process of the same program. It inherits the
//! processes that the runner starts, and ends them when the worker ends or the host dies.
//!
//! | file | what it holds |
//! |---|---|
//! | `options`, `limits`, `sandbox` | how workers are started, what they may use, what they may reach |
//! | `task`, `supervise` | a call; the host's side of it: events, deadlines, cancellation |
//! | `process` | the host's handle of keeper and worker: start, output, kill |
//! | `protocol` | the messages between host and worker |
//! | `child`, `acknowledgements` | the worker's side of a call; which events the host has handled |
//! | `keeper`, `keeper_link` | the process between them, and its connection to the host |
//! | `exit_status`, `stderr_tail` | what the exit status of a worker means, and the tail of its standard error |
//! | `memory` | how much memory a worker and the processes that it started use together |
//! | `usage`, `tree_peak` | what a call used: processor time, memory, bytes read and written |
//! | `process_tree`, `process_stat`, `orphans` | the processes that a worker started, while it has a keeper and afterwards |
//! | `protect_keeper` | prevents the runner from killing or tracing its keeper |
//! | `environment`, `privileges`, `file_rules` | the layers of the sandbox: variables; inherited files, namespaces and capabilities; Landlock |
//! | `allowed_syscalls`, `answered_syscalls`, `syscall_policy` | the system calls that a sandbox permits, and the filter made from them |
//! | `syscall_filter`, `native` | filters that refuse single calls; the unsafe system calls |
//! | `shared_memory` | removes System V shared memory that a worker left |
//! | `contained` | calls into the embedding application |
//! | `error` | why a call gave no result |

#![cfg(unix)]

mod acknowledgements;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod allowed_syscalls;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod answered_syscalls;
mod child;
mod contained;
mod environment;
mod error;
mod exit_status;
#[cfg(target_os = "linux")]
mod file_rules;
mod keeper;
mod keeper_link;
#[cfg(target_os = "linux")]
mod landlock_version;
mod limits;
mod memory;
#[cfg(target_os = "linux")]
mod native;
mod options;
pub mod orphans;
mod output_size;
#[cfg(target_os = "linux")]
mod privileges;
mod process;
pub mod process_stat;
mod process_tree;
#[cfg(target_os = "linux")]
mod protect_keeper;
mod protocol;
mod sandbox;
#[cfg(target_os = "linux")]
mod shared_memory;
mod size;
mod stderr_tail;
mod supervise;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod syscall_filter;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod syscall_policy;
mod task;
mod tree_peak;
mod usage;

pub use child::{serve, serve_if_asked};
pub use error::WorkerError;
pub use exit_status::explain_end;
#[cfg(target_os = "linux")]
pub use landlock_version::landlock_version;
pub use limits::WorkerLimits;
pub use options::WorkerOptions;
pub use process::{STDERR, STDOUT, WorkerCommand};
#[cfg(target_os = "linux")]
pub use protect_keeper::protect_parent;
pub use protocol::WorkerCall;
pub use sandbox::{INCOMPLETE as SANDBOX_INCOMPLETE, Sandbox};
pub use supervise::{Dispatched, LATE_EVENTS, LEAST_MEMORY, dispatch};
pub use task::{Task, WITHHELD_VARIABLES};
pub use usage::{CallUsage, ProcessMeter};

/// Does nothing: only Linux can protect a parent process from its child.
#[cfg(not(target_os = "linux"))]
pub fn protect_parent() {}
