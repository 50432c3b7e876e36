//! Dispatch: one lifecycle call of a runner, with the spec checked before and the answer after.
//!
//! A runner is called in this process. Worker processes, which survive a crash of the runner, take
//! their place beside it in [`Isolation`].

mod check;
mod error;
mod runner;
mod spec;

pub use error::DispatchError;
pub use runner::{Isolation, Runner};
