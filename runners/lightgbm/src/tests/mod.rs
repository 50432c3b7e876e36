//! Compares the re-ranker with LightGBM's Python package and with `knn`, and checks that no label
//! leaks.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod calls;
mod clades;
mod continued;
mod dataset_a;
mod explanations;
mod leakage;
mod library;
mod model;
mod python;
mod schema;
mod votes;
