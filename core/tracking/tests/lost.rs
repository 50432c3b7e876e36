//! Nothing is lost and nothing arrives twice: with a killed process, a full disk, or a backend that
//! does not answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "lost/backends.rs"]
mod backends;
#[cfg(target_os = "linux")]
#[path = "lost/full_disk.rs"]
mod full_disk;
#[cfg(unix)]
#[path = "lost/killed.rs"]
mod killed;
#[path = "lost/live.rs"]
mod live;
#[path = "lost/old_tail.rs"]
mod old_tail;
#[path = "lost/refused.rs"]
mod refused;
