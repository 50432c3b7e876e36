//! Finds offline runs and uploads them with the official client.

mod client;
mod find;
mod sync;

pub(super) use find::run_file;
pub use find::{OfflineRun, find_offline_runs};
pub use sync::{SyncOptions, SyncOutcome, SyncReport, sync_offline_runs};
