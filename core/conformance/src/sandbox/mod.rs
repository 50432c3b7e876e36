//! Probes: processes that load a runner and make several calls.
//!
//! A worker makes one call. Leaks, threads that remain, simultaneous calls and callbacks that panic show
//! only in a process that makes several: a probe. It has a process group of its own, a time limit and
//! an empty directory. The suite watches it from outside and kills it with everything that it started.

mod child;
mod descendants;
mod process;
mod process_state;
mod task;

pub use child::serve;
pub use process::{End, Printed, Probed, probe};
pub use process_state::Usage;
pub use task::{Answer, Call, Manner, Opening, Outcome, Task};

/// The argument that makes a program serve as a probe.
pub const ARGUMENT: &str = "__protea-conformance";
