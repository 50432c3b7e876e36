//! The backends, one room each.

mod jsonl;
mod memory;
mod noop;

pub use jsonl::{Jsonl, OnLogError};
pub use memory::{Memory, RecordedRun};
pub use noop::Noop;
