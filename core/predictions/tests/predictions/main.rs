//! Files of predictions through the public functions, and against numpy and cafaeval.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod merging;
mod reading;
mod transforming;
mod validating;
