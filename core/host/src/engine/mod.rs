//! Plans: work that is done elsewhere, task by task, and gathered afterwards.
//!
//! A search, a cross-validation, a benchmark or a run can be written to a *plan directory* instead of
//! being done at once. Each unit of work becomes a task. Any number of processes on any number of
//! machines do the tasks; the directory is all that they share. Gathering reads the results and records
//! the same runs as if everything had been done here.
//!
//! ```text
//! DIR/
//!   plan.json               what was planned: command, workspace, runners, datasets      (Plan)
//!   tasks.jsonl             one task a line; the line's place from 0 is its index        (Task)
//!   results/<task_id>/      tasks that ended well, published by one rename; each is a workspace with
//!     result.json           one run: its id, where it is, how it ended                   (TaskResult)
//!     workspace/<job_id>/artifacts/<pipeline>/<run_id>/ … tracker_log/<run_id>/ …
//!   failures/<task_id>/     the same for tasks that failed and would fail again
//!   attempts/<task_id>/<n>.json   attempts that ended without a result                   (Attempt)
//!   claims/<task_id>        who is at work on a task                                     (Claim)
//!   work/<task_id>-…/       where a process works on a task, unless it works on scratch space
//!   logs/<index>.log        what the process of a task printed, if its engine keeps it
//!   gathered.json           the report of gathering, once it is complete
//!   engine/                 what an engine notes, such as job numbers of a scheduler (see slurm)
//! ```
//!
//! | guarantee | what it rests on |
//! |---|---|
//! | a task has one result, whole or none | `rename` of a directory, atomic on local disks, NFS and Lustre |
//! | a second worker on a task adds nothing | the rename fails if the destination exists |
//! | two workers rarely compute the same task | `link` of a claim; a holder is judged by its beats, never by the clock of another machine |
//! | a plan is what it was | task ids are SHA-256 of what the result depends on |
//!
//! `protea task DIR --index N` does one task. Its
//! exit code is 0 when the task has a result, also of another process; 65 when it failed and would fail
//! again; 75 when another attempt may succeed, also after SIGTERM or SIGUSR1 and while another process
//! holds the task. `protea gather DIR [--partial]` runs the planned command again with the results of
//! the tasks in the place of work.
//!
//! Nothing here relies on `flock` or on modification times.
//!
//! This module knows documents and files. [`experiment`](crate::experiment) makes tasks, does them and
//! gathers them. An engine, which starts the processes, implements [`Engine`]; for others, [`export`]
//! writes a file that they read.

mod claim;
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
mod quoting;
mod slurm;
mod state;
mod task;

pub use claim::{Claim, Claimed};
pub use directory::PlanDirectory;
pub use documents::{Attempt, Plan, PlannedRunner, Resources, TaskOutcome, TaskResult, Verdict};
pub use error::EngineError;
pub use export::{ExportError, ExportOptions, ExportTarget, Exported, export, write_companions};
pub use holder::Holder;
pub use index::{INDEX_VARIABLES, IndexError, IndexVariable, index_from_environment};
pub use interface::{Engine, Submission};
#[cfg(unix)]
pub use local::{LocalEngine, LocalProgress};
pub(crate) use outcomes::{Published, last_lines};
pub use slurm::{SlurmEngine, SlurmOptionError, SlurmOptions};
pub use state::{Scheduled, TaskState, TaskStatus};
pub use task::{Task, TaskDataset, TaskId, TaskKind, TaskRunner};
