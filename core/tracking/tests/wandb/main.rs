//! W&B runs: what is in their files after every interruption, and what the official client makes
//! of them.

#![cfg(feature = "wandb")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod battery;
mod events;
mod interrupted;
mod listed;
mod official;
mod passed_over;
mod server;
