//! The alignment baselines with the real programs.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod agreement;
mod calls;
mod databases;
mod shared_data;
