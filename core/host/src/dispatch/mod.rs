//! Dispatch: one lifecycle call of a runner, with the spec checked before and the answer after.
//!
//! [`Isolation`] says where the runner's code runs: in this process, or in a worker that may crash
//! without harm.

mod bounded;
mod check;
mod error;
mod isolation;
mod load_error;
mod programs;
mod runner;
#[cfg(unix)]
mod sandbox_paths;
mod spec;
mod transport;

pub use error::DispatchError;
pub use isolation::Isolation;
pub use load_error::LoadError;
pub use programs::find as find_program;
pub use runner::Runner;
