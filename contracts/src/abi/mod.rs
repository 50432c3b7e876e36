//! The stable boundary between a host and its runners, on `abi_stable`.
//!
//! All of the contract's `unsafe`, and every mention of `abi_stable`, is in here.
//!
//! What crosses is deliberately small: a root module with one function per operation, JSON for
//! requests and results, and a handle for the emitter. JSON can grow without breaking anyone, costs
//! microseconds in calls that take seconds, and is also what a worker process and a runner in C
//! exchange.
//!
//! | file | what it holds |
//! |---|---|
//! | `module` | the root module and the outcome of a call: the types whose layout is checked |
//! | `sink` | the emitter's handle, as the runner calls it |
//! | `sink_functions` | the host's functions behind that handle |
//! | `plugin` | the runner's side: wraps an [`ExperimentRunner`](crate::ExperimentRunner) and catches panics |
//! | `host` | the host's side: opening a library and calling it |
//! | `functions` | which function of either face belongs to which [operation](crate::operation) |
//! | `answer` | reading the answer of a call |
//! | `layout` | the layout check, in both directions, and its one-line summary |
//! | [`c`] | the C face, as `include/protea_runner.h` declares it |
//! | `c_host` | the host's side of the C face |
//!
//! A library exports the root module, or, if it is not written in Rust, the table of functions of
//! the C face.

#![allow(unsafe_code)]

#[cfg(feature = "host")]
mod answer;
pub mod c;
#[cfg(feature = "host")]
mod c_host;
#[cfg(feature = "host")]
mod functions;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "host")]
mod layout;
mod module;
mod panics;
#[doc(hidden)]
pub mod plugin;
#[cfg(test)]
pub(crate) mod recorded;
mod sink;
#[cfg(feature = "host")]
mod sink_functions;

#[doc(hidden)]
pub use crate::__export_plugin as export_plugin;
