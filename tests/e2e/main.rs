//! End-to-end tests: the real binary, real runners, real data.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod bad_data;
mod bad_runners;
mod drop_in;
mod embedding;
mod main_job;
mod search_path;
