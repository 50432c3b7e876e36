//! Dispatch: one operation of a runner, with the spec checked before it and the response after it.
//!
//! [`Isolation`] says where the runner's code runs: in this process, or in a worker process that can
//! crash without taking the host down.

mod bounded;
mod check;
mod clock;
mod error;
mod faults;
mod integers;
mod isolation;
mod load_error;
mod programs;
mod resource_usage;
mod runner;
#[cfg(unix)]
mod sandbox_paths;
mod schema;
mod schema_cost;
mod spec_resolution;
mod thread_clock;
mod transport;

pub use check::CheckedOperation;
pub(crate) use clock::StepClock;
pub use error::DispatchError;
pub use isolation::{Isolation, SandboxRecord};
pub use load_error::LoadError;
pub use programs::{find as find_program, find_on_path};
pub use resource_usage::{MeasuredCall, ResourceUsage, UsageScope};
pub use runner::Runner;
pub use schema::{SchemaError, SpecFault, SpecSchema};
pub use spec_resolution::{ResolvedSpec, SpecArgument};
