//! The tail of a log: its newest lines, in a small file that is mapped into memory.
//!
//! A line that is copied into a shared mapping belongs to the system, as one that was written does: it
//! is there after a `kill -9`, but without the cost of a call for each line. The lines go on to the log
//! many at a time, so `events.tail` beside it holds what is not there yet:
//!
//! | bytes | content |
//! |---|---|
//! | 0–7 | `evtail1\n` |
//! | 8–15 | where in the log the lines belong, in bytes, little-endian |
//! | 16–19 | CRC-32C of those eight bytes and of the lines |
//! | 20–23 | how many bytes of lines there are; 0: none |
//! | 64– | the lines |
//!
//! Length and checksum are one word, stored in one piece after the lines, so a process that is killed
//! between any two instructions leaves the lines before that store or those after it. The place in the
//! log makes it whole again: whatever part of the lines the log has already, by a write that was cut off
//! or a repair that was, the rest is appended, each line once. The checksum is for what is no kill:
//! a reader that looks while the tail begins anew, and a machine that lost power.

mod contents;
mod mapped;
mod repair;

use std::path::{Path, PathBuf};

pub(super) use contents::Contents;
pub(super) use mapped::MappedTail;
pub(super) use repair::{remove, repair};

const MAGIC: [u8; 8] = *b"evtail1\n";
const BASE: usize = 8;
const STATE: usize = 16;
const LINES: usize = 64;
/// Small enough to stay in the processor's cache, large enough that writing it costs each line little.
const SIZE: usize = 64 << 10;

/// The most that a tail holds, in bytes.
pub(super) const CAPACITY: usize = SIZE - LINES;

/// Where the tail of a log is.
pub(super) fn path(log: &Path) -> PathBuf {
    log.with_extension("tail")
}

/// The checksum of a tail without lines; those that come are appended to it.
fn checksum(base: u64) -> u32 {
    crc32c::crc32c(&base.to_le_bytes())
}

/// Length and checksum in one word.
fn state(length: usize, checksum: u32) -> u64 {
    // A tail is far smaller than what 32 bits count.
    (length as u64) << 32 | u64::from(checksum)
}
