//! The stable boundary between a host and its runners, on `abi_stable`.
//!
//! All of the contract's `unsafe`, and every mention of `abi_stable`, is in here.
//!
//! What crosses is small on purpose: a root module of five functions, JSON text for requests and
//! results, and a handle for the emitter. JSON can grow without breaking anyone, costs microseconds
//! in calls that take seconds, and is what a worker process and a runner in C speak as well.
//!
//! | file | what it holds |
//! |---|---|
//! | `module` | the root module and the outcome of a call: the types whose layout is checked |
//! | `sink` | the emitter's handle and the host's end of it |
//! | `plugin` | the runner's side: the shim around an [`ExperimentRunner`](crate::ExperimentRunner) that catches panics |
//! | `host` | the host's side: opening a library and calling it |
//! | `layout` | the layout check, both ways, and its one-line summary |
//! | [`c`] | the C face, as `include/protea_runner.h` declares it |
//! | `c_host` | the host's side of the C face |
//!
//! A library exports either the root module or, where it is not written in Rust, the table of
//! functions of the C face.

#![allow(unsafe_code)]

pub mod c;
#[cfg(feature = "host")]
mod c_host;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "host")]
mod layout;
mod module;
mod panics;
#[doc(hidden)]
pub mod plugin;
mod sink;

pub(crate) use sink::SinkHandle;

#[doc(hidden)]
pub use crate::__export_plugin as export_plugin;
