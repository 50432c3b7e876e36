//! The re-ranker against LightGBM's own Python package, against itself, and against what must not leak.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod calls;
mod dataset_a;
mod explanations;
mod leakage;
mod library;
mod model;
mod python;
mod schema;
mod votes;
