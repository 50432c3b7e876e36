//! The backends, one room each.

mod jsonl;
mod memory;
#[cfg(feature = "mlflow")]
mod mlflow;
mod noop;

pub use jsonl::{Jsonl, OnLogError};
pub use memory::{Memory, RecordedRun};
#[cfg(feature = "mlflow")]
pub use mlflow::Mlflow;
pub use noop::Noop;
