//! Tells whether a runner keeps the contract.
//!
//! `protea runners check FILE…` is its face. A runner's author adds it to the crate's own tests in
//! one line, [`conforms!`]:
//!
//! ```
//! protea_conformance::conforms!();
//! # fn main() {}
//! ```
//!
//! The runner's code never runs in the process that asks: every test starts processes of its own,
//! with limits on time and memory, and kills them whole, with all that they have started. What
//! crashes, hangs or lies is a [`Verdict`]. The suite works on small datasets that it makes itself,
//! or on those that `conformance.toml` names ([`Config`]).
//!
//! | module | what it holds |
//! |---|---|
//! | [`suite`] | the tests, an enum per scope |
//! | [`verdict`] | what a test found |
//! | [`check`] | running tests on files, several at a time |
//! | [`report`] | the outcome for people, as JSON and as JUnit XML |
//! | [`fuzz`] | specs and models made at random under a seed |
//! | [`author`] | the suite in a runner's own tests |
//! | [`config`], [`selection`] | `conformance.toml`; which tests are run |
//! | [`subject`] | the runner under test, and what the tests share of its life |
//! | [`host`], [`sandbox`] | the processes that run the runner's code |
//! | [`fixture`], [`recorder`] | datasets to try it on; a sink that judges events |
//! | [`pace`] | how long things take on this machine now |
#![cfg(unix)]

pub mod author;
pub mod check;
pub mod config;
mod difference;
pub mod fixture;
pub mod fuzz;
pub mod host;
pub mod pace;
mod prerequisites;
pub mod recorder;
pub mod report;
pub mod sandbox;
pub mod selection;
mod spec_generator;
pub mod subject;
pub mod suite;
pub mod verdict;

pub use author::{assert_conforms, assert_crate_conforms};
pub use check::{Check, Observer};
pub use config::{Config, ConfigError};
pub use fixture::FixtureError;
pub use host::{Host, serve_if_asked};
pub use report::Report;
pub use selection::{Selection, SelectionError};
pub use subject::{Settings, Subject};
pub use suite::Test;
pub use verdict::{Checked, Status, Verdict};
