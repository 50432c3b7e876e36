//! Probes: processes that load a runner and call it several times, watched from outside.
//!
//! A worker of protea-core makes one call. What shows only over several calls in one process
//! (leaks, threads left behind, two calls at once, a callback that panics) is tried in a probe: in a
//! process group of its own, with a time limit, in an empty directory, killed whole at its end.

mod child;
mod descendants;
mod process;
mod process_state;
mod task;

pub use child::serve;
pub use process::{End, Probed, probe};
pub use process_state::Usage;
pub use task::{Answer, Call, Manner, Opening, Outcome, Task};

/// The argument that makes a program serve as a probe.
pub const ARGUMENT: &str = "__protea-conformance";
