//! Nothing is lost: not when the process is killed, not when the disk is full, not when a backend
//! is away, and nothing arrives twice.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "lost/backends.rs"]
mod backends;
#[cfg(target_os = "linux")]
#[path = "lost/full_disk.rs"]
mod full_disk;
#[cfg(unix)]
#[path = "lost/killed.rs"]
mod killed;
#[cfg(unix)]
#[path = "lost/tail.rs"]
mod tail;
