//! Checks whether a runner conforms to the contract.
//!
//! `protea runners check FILE…` runs the suite from the command line. An author adds it to the tests
//! of a runner's crate with one line, [`conforms!`]:
//!
//! ```
//! protea_conformance::conforms!();
//! # fn main() {}
//! ```
//!
//! An application runs it as a [`Check`], which answers a [`Report`]; [`fuzz`](fuzz()) tries a runner
//! with random input.
//!
//! The runner's code never runs in the calling process: every test starts processes of its own, with
//! limits on time and memory, and kills them with everything that they started. What crashes, hangs
//! or lies becomes a [`Verdict`]. The suite works on small datasets that it makes itself, or on those
//! that `conformance.toml` names ([`Config`]).
//!
//! Inside, `suite` has the tests, an enum for each scope; `subject` is the runner under test with the
//! results that the tests share; `sandbox` runs its code in processes; `fixture` makes datasets and
//! `recorder` judges events.
#![cfg(unix)]

mod author;
mod check;
mod comparison;
mod config;
mod fixture;
mod fuzz;
mod host;
mod pace;
mod recorder;
mod report;
mod sandbox;
mod selection;
mod setup;
mod spec_generator;
mod subject;
mod suite;
mod test_names;
mod verdict;
mod written;

pub use author::{assert_conforms, assert_crate_conforms};
pub use check::{Check, Observer};
pub use config::{Config, ConfigError, Datasets, FILE_NAME};
pub use fixture::FixtureError;
pub use fuzz::{Budget, Finding, FuzzError, FuzzReport, fuzz};
pub use host::{Host, serve_if_asked};
pub use report::{FileReport, Report, TestReport, counts, details, line};
pub use selection::{Selection, SelectionError};
pub use suite::Test;
pub use verdict::{Status, Verdict};

use subject::Subject;
use verdict::Checked;
