//! Tests of the source tree: arrows between crates, no circle of modules, files that stay small, and one place
//! that writes to the terminal.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod circles;
mod crates;
mod decisions;
mod file_sizes;
mod opening;
mod terminal;
mod threads;
