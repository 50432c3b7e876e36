//! Plans: work that other processes execute, task by task, and that is gathered afterwards.
//!
//! A search, a cross-validation, a benchmark, a run or a prediction can be written to a *plan
//! directory* instead of being executed at once. Each unit of work becomes a task. Any number of processes on any number of
//! machines execute the tasks; they share only the directory. Gathering reads the results and records
//! the same runs as execution on this machine.
//!
//! ```text
//! DIR/
//!   plan.json               what was planned: command, workspace, runners, datasets      (Plan)
//!   tasks.jsonl             one task a line; the line's place from 0 is its index        (Task)
//!   results/<task_id>/      tasks that ended well, published by one rename; each is a workspace with
//!     result.json           one run: its id, where it is, how it ended                   (TaskResult)
//!     files.json            the files of the run and their hashes
//!     workspace/<job_id>/artifacts/<pipeline>/<run_id>/ … tracker_log/<run_id>/ …
//!     output/               of a part of a prediction, instead: what the runner wrote
//!   failures/<task_id>/     the same for tasks that failed and would fail again
//!   attempts/<task_id>/<n>.json   attempts that ended without a result                   (Attempt)
//!   claims/<task_id>        the process that executes a task                             (Claim)
//!   queries/                the queries of a prediction, as frozen datasets, if they are split or were
//!                           given as sequences
//!   checkpoints/<task_id>/  what a runner needs to continue a `fit` that was interrupted
//!   work/<task_id>-…/       where a process executes a task, unless it uses scratch space
//!   logs/<index>.log        what the process of a task printed, if its engine keeps it
//!   gathered.json           the report of gathering, once it is complete
//!   outputs/<sha256>.json   the files with predictions that gathering wrote, with their hashes
//!   engine/                 what an engine notes, such as job numbers of a scheduler (see slurm)
//! ```
//!
//! | guarantee | how it is ensured |
//! |---|---|
//! | a task has one complete result or none | `rename` of a directory, atomic on local disks, NFS and Lustre |
//! | a second result of a task is discarded | the rename fails if the destination exists |
//! | two processes rarely compute the same task | `link` of a claim, which its holder renews; a waiting process measures the time with its own clock |
//! | a task does not change | its id is the SHA-256 of what the result depends on |
//!
//! `protea task DIR --index N` executes one task. Its exit code is 0 if the task has a result (also one of
//! another process), 65 if it failed and would fail again, and 75 if another attempt may succeed, for
//! example after SIGTERM or SIGUSR1, or while another process holds the task. `protea gather DIR
//! [--partial]` runs the planned command again and takes the results of the tasks instead of computing
//! them.
//!
//! `stored` keeps the same plan in an object store, for machines without a common file system.
//!
//! Nothing here relies on `flock` or on modification times.
//!
//! This module knows documents and files. [`experiment`](crate::experiment) creates, executes and
//! gathers tasks. An engine, which starts the processes, implements [`Engine`]; for other engines,
//! [`export`] writes a file that they read. The module must not know the command line.

mod checkpoints;
mod claim;
mod dataset;
mod directory;
mod documents;
mod error;
mod export;
mod holder;
mod index;
mod interface;
mod json_files;
#[cfg(unix)]
mod local;
mod outcomes;
mod outputs;
mod prediction;
mod quoting;
mod resources;
mod result_files;
mod slurm;
mod state;
mod stored;
mod task;

pub use claim::{Claim, Claimed};
pub use dataset::TaskDataset;
pub use directory::{PlanDirectory, QUERIES};
pub use documents::{Attempt, Plan, PlannedRunner, Resources, TaskOutcome, TaskResult, Verdict};
pub use error::EngineError;
pub use export::{
    ExportError, ExportOptions, ExportTarget, Exported, ExportedScript, export, write_companions,
};
pub use holder::Holder;
pub use index::{
    INDEX_VARIABLES, IndexError, IndexVariable, check_array_start, index_from_environment,
};
pub use interface::{Engine, Submission};
#[cfg(unix)]
pub use local::{LocalEngine, LocalProgress};
pub(crate) use outcomes::{Published, last_lines};
pub(crate) use prediction::digests as prediction_digests;
pub use prediction::{PlannedPrediction, PredictionPart, TaskPrediction, model_identity};
pub(crate) use result_files::{check_files, list_files};
pub use slurm::{SlurmEngine, SlurmOptionError, SlurmOptions};
pub use state::{DamagedResult, Scheduled, TaskState, TaskStatus};
pub use stored::{MirrorUse, Pull, Sent, StoredClaim, StoredPlan};
pub use task::{Task, TaskId, TaskKind, TaskRunner};
