//! Reads the source tree for the tests beside it. It depends on none of the product's crates, so
//! that these tests are built in seconds.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

pub mod crates;
pub mod modules;
pub mod sources;
