//! Tests of the source tree: no circle of modules, files that stay small.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod circles;
mod file_sizes;
