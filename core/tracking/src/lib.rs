//! Records runs once, locally, so that they survive anything, and carries them to the backends
//! that people look at.
//!
//! ```
//! use protea_tracking::{Jsonl, RunStart, RunStatus, Tracker};
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! let tracker = Jsonl::new(directory)?;
//! let run = tracker.start_run(RunStart::new("knn on A").project("cafa").config("k", 5))?;
//! run.log_metrics(0, [("MFO/fmax", 0.544), ("BPO/fmax", 0.351), ("CCO/fmax", 0.683)])?;
//! run.finish(RunStatus::Finished)?;
//! # Ok::<(), protea_tracking::TrackerError>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | a run as a scope | [`Run`], [`run()`], [`RunStart`], [`RunStatus`], [`RunObserver`] |
//! | what an adapter implements | [`Tracker`], [`RunSink`], [`Event`] |
//! | the log of truth, and closing the runs of vanished processes | [`mod@log`] |
//! | feeding backends from the log, live or later | [`LogFirst`], [`Feeder`], [`sync_run`] |
//! | adapters | [`Noop`], [`Memory`], [`Jsonl`], [`Mlflow`], [`TensorBoard`], [`Wandb`] |
//! | uploading W&B's offline runs | [`find_offline_runs`], [`sync_offline_runs`] |
//! | finding runs again | [`RunQuery`], [`RunPage`] |

mod adapters;
#[cfg(feature = "battery")]
pub mod battery;
mod error;
mod event;
mod feed;
pub mod log;
mod number;
mod observer;
mod query;
mod run;
mod start;
mod status;
mod summary;
mod tracker;

#[cfg(feature = "mlflow")]
pub use adapters::Mlflow;
#[cfg(feature = "tensorboard")]
pub use adapters::TensorBoard;
pub use adapters::{Jsonl, Memory, Noop, OnLogError, RecordedRun};
#[cfg(feature = "wandb")]
pub use adapters::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, Wandb, find_offline_runs, sync_offline_runs,
};
pub use error::TrackerError;
pub use event::{Artifact, Event, EventKind, Metric};
pub use feed::{Cursor, Feeder, LogFirst, Refusal, Synced, Undelivered, cursors, sync_run};
pub use observer::RunObserver;
pub use query::{GroupFilter, RunPage, RunQuery, RunSummary};
pub use run::{Run, run};
pub use start::{RunStart, Tags};
pub use status::RunStatus;
pub use tracker::{RunReference, RunSink, Tracker};
