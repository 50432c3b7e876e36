//! Where runs are shown: `--track` and its company, `protea sync`, `protea new-run`,
//! `protea bind-tracker`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use protea_core::{backends::Backend, tracking::OnLogError};

/// How runs are tracked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tracking")]
pub struct TrackingArgs {
    /// Show the run in this backend too; may be given more than once
    #[arg(long = "track", value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub track: Vec<String>,
    /// What the run belongs to: an experiment in MLflow, a project in W&B
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// What the run is compared within, such as H012/E018/full
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// A tag; may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// A text for people
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
    /// Talk to no server; `protea sync` sends the run later
    #[arg(long)]
    pub offline: bool,
    /// Keep the run in this job of the workspace, and in the run that the job is bound to
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// What becomes of the run when its event log cannot be written any more, as on a full disk
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = LogTrouble::Fail)]
    pub on_log_error: LogTrouble,
}

/// What becomes of a run whose event log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogTrouble {
    /// The run fails
    Fail,
    /// The run goes on; a gap in the log shows what was lost
    Continue,
}

impl From<LogTrouble> for OnLogError {
    fn from(trouble: LogTrouble) -> Self {
        match trouble {
            LogTrouble::Fail => Self::Fail,
            LogTrouble::Continue => Self::Continue,
        }
    }
}

/// Which workspace.
#[derive(Debug, Args)]
pub struct WorkspaceArgs {
    /// The workspace [default: ./protea-workspace]
    #[arg(
        long,
        value_name = "DIR",
        env = "PROTEA_WORKSPACE",
        hide_env = true,
        default_value = "protea-workspace",
        hide_default_value = true
    )]
    pub workspace: PathBuf,
}

/// Arguments of `protea sync`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea sync
  protea sync --backend mlflow --json

Every run is in the workspace first. What its backends do not have yet, because a server was away, a
run was --offline or a process was killed, is sent now. It is safe to interrupt, to repeat, and to run
from two terminals: each point arrives once.")]
pub struct SyncArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Only to this backend; may be given more than once
    #[arg(long = "backend", value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub backends: Vec<String>,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `protea sync-offline`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea sync-offline --dry-run
  WANDB_API_KEY=… protea sync-offline

Runs of --track wandb are written as the official client writes its offline runs, and uploaded by it:
`pip install wandb`. Its exit code is not trusted; a run counts as uploaded when nothing of it failed.")]
pub struct SyncOfflineArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Say what would be uploaded, and upload nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The official client [default: wandb on the PATH]
    #[arg(long, value_name = "FILE")]
    pub wandb: Option<PathBuf>,
    /// How long one run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub time_limit: u64,
}

/// Arguments of `protea new-run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  JOB=$(protea new-run --experiment E018 --hypothesis H012 --sp condition=full,seed=0 --quiet)
  protea bind-tracker $JOB --backend mlflow --project cafa
  protea run knn --job $JOB

A job is known by its state point: the same values give the same job. Python's signac finds it too.")]
pub struct NewRunArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The experiment, such as E018
    #[arg(long, value_name = "ID")]
    pub experiment: String,
    /// The hypothesis that it tests, such as H012
    #[arg(long, value_name = "ID")]
    pub hypothesis: Option<String>,
    /// More of the state point; a value is JSON where it can be read so, else a text. May be given
    /// more than once
    #[arg(long = "sp", value_name = "KEY=VALUE,…")]
    pub state_point: Vec<String>,
}

/// Arguments of `protea bind-tracker`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea bind-tracker 4f6f2a --backend mlflow --project cafa

The job's document, signac_job_document.json, then says which run it is bound to, and the run's
configuration which job, experiment and hypothesis it is of.")]
pub struct BindTrackerArgs {
    /// The job: its id, the beginning of it, or its directory
    pub job: String,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The backend
    #[arg(long, value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub backend: String,
    /// What the run belongs to: an experiment in MLflow, a project in W&B
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Talk to no server; `protea sync` sends the run later
    #[arg(long)]
    pub offline: bool,
    /// Bind it anew if it is bound to another run; that one stays as it is
    #[arg(long)]
    pub rebind: bool,
}
