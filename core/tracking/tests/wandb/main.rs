//! W&B: the files of runs after interruptions, and what the official client uploads from them.

#![cfg(feature = "wandb")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod interrupted;
mod listed;
mod official;
mod server;
mod skipped;
mod system_metrics;
mod tables;
mod testkit;
