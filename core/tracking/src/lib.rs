//! Records runs in a local log that survives the process, and sends them to tracking backends.
//!
//! This crate knows nothing of biology, of runners or of the host: it is usable on its own.
//!
//! ```
//! use protea_tracking::{Jsonl, RunStart, RunStatus, Tracker};
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! let tracker = Jsonl::new(directory)?;
//! let start = RunStart::new("knn on A").with_project("cafa").with_config("k", 5);
//! let run = tracker.start_run(start)?;
//! run.log_metrics(0, [("MFO/fmax", 0.544), ("BPO/fmax", 0.351), ("CCO/fmax", 0.683)])?;
//! run.finish(RunStatus::Finished)?;
//! # Ok::<(), protea_tracking::TrackerError>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | a run as a scope | [`Run`], [`run()`], [`RunStart`], [`RunStatus`], [`RunObserver`] |
//! | the traits of an adapter | [`Tracker`], [`RunSink`], [`RunEvent`] |
//! | the event log, and ending the runs of processes that are gone | [`mod@log`] |
//! | feeding backends from the log, live or later | [`LogFirst`], [`Feeder`], [`sync_run`] |
//! | adapters | [`Noop`], [`Memory`], [`Jsonl`], `Mlflow`, `TensorBoard`, `Wandb` |
//! | uploading offline runs of W&B | `find_offline_runs`, `sync_offline_runs` |
//! | listing recorded runs | [`RunQuery`], [`RunPage`] |
//! | tests for your own adapter | `testkit` |
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `mlflow` | `Mlflow`, for servers at `http://` | yes |
//! | `tls` | servers at `https://` | no |
//! | `tensorboard` | `TensorBoard` | yes |
//! | `wandb` | `Wandb` and the upload of its runs | yes |
//! | `testkit` | `testkit` | no |

#![forbid(unsafe_code)]

mod adapters;
mod clock;
mod error;
mod event;
mod feed;
mod files;
mod input;
pub mod log;
mod number;
mod observer;
mod query;
mod resource_metrics;
mod run;
mod run_id;
mod scope;
mod sink;
mod start;
mod status;
mod summary;
#[cfg(feature = "testkit")]
pub mod testkit;
mod tracker;
#[cfg(any(feature = "mlflow", feature = "wandb"))]
mod truncate;

#[cfg(feature = "mlflow")]
pub use adapters::Mlflow;
#[cfg(feature = "tensorboard")]
pub use adapters::TensorBoard;
pub use adapters::{Jsonl, Memory, MemoryRecord, Noop, OnLogError};
#[cfg(feature = "wandb")]
pub use adapters::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, Wandb, find_offline_runs, sync_offline_runs,
};
pub use clock::now;
pub use error::TrackerError;
pub use event::{Artifact, EventKind, MetricPoint, RunEvent};
pub use feed::{
    Feeder, IfMissing, LogFirst, RefusedEvents, Synced, Undelivered, recover_run, sync_run,
};
pub use input::DatasetInput;
pub use log::cursor::{Cursor, CursorFile, MoreRefused, Refusal, cursor_files, cursors};
pub use observer::RunObserver;
pub use query::{GroupFilter, RunPage, RunQuery, RunSummary};
pub use resource_metrics::{STEP_METRICS, SYSTEM_METRICS, is_resource_metric};
pub use run::Run;
pub use run_id::RunId;
pub use scope::run;
pub use sink::{RunReference, RunSink};
pub use start::{RunStart, Tags};
pub use status::RunStatus;
pub use tracker::Tracker;
