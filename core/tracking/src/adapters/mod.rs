//! The backends, one module each.

#[cfg(any(feature = "mlflow", feature = "tensorboard", feature = "wandb"))]
mod artifact_files;
#[cfg(any(feature = "tensorboard", feature = "wandb"))]
mod curve_tables;
#[cfg(any(feature = "tensorboard", feature = "wandb"))]
mod exclusive_file;
mod jsonl;
mod memory;
#[cfg(feature = "mlflow")]
mod mlflow;
mod noop;
#[cfg(feature = "tensorboard")]
mod tensorboard;
#[cfg(feature = "wandb")]
mod wandb;

pub use jsonl::{Jsonl, OnLogError};
pub use memory::{Memory, MemoryRecord};
#[cfg(feature = "mlflow")]
pub use mlflow::Mlflow;
pub use noop::Noop;
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;
#[cfg(feature = "wandb")]
pub use wandb::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, Wandb, find_offline_runs, sync_offline_runs,
};
