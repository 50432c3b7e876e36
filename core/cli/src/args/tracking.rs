//! Tracking: `--track` and related options, `protea sync`, `protea new-run`,
//! `protea bind-tracker`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use protea_core::{
    backends::Backend,
    experiment::{Diff, Recording},
    tracking::OnLogError,
};

/// How runs are tracked.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tracking")]
pub struct TrackingArgs {
    /// Also send the run to this backend; repeatable
    #[arg(long = "track", value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub track: Vec<String>,
    /// Project of the run: an experiment in MLflow, a project in W&B
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Group of runs to compare with, such as H012/E018/full
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Tag; repeatable
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// Free text about the run
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
    /// Contact no server; `protea sync` sends the run later
    #[arg(long)]
    pub offline: bool,
    /// Add the run to this job of the workspace and to the tracker run of the job
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// What to do if the event log cannot be written, for example on a full disk
    #[arg(long, value_enum, value_name = "ACTION", default_value_t = LogErrorAction::Fail)]
    pub on_log_error: LogErrorAction,
    /// How often to sample the machine (processor, memory, disk, network, NVIDIA GPUs) as metrics of
    /// the run, such as 10s or 1m
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = interval)]
    pub system_metrics_interval: Duration,
    /// Do not sample the machine
    #[arg(long)]
    pub no_system_metrics: bool,
    /// Do not keep the uncommitted changes of the git repository in use
    #[arg(long)]
    pub no_diff: bool,
}

impl TrackingArgs {
    /// What is recorded of every run in addition to its results.
    pub fn recording(&self) -> Recording {
        let interval = (!self.no_system_metrics).then_some(self.system_metrics_interval);
        Recording::default()
            .with_system_metrics(interval)
            .with_diff(if self.no_diff {
                Diff::NotKept
            } else {
                Diff::Kept
            })
    }
}

/// A time of at least a second.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = super::isolation::duration(text)?;
    if interval < Duration::from_secs(1) {
        return Err("must be at least 1s".to_owned());
    }
    Ok(interval)
}

/// What to do if the event log of a run cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogErrorAction {
    /// Fail the run
    Fail,
    /// Continue; the log records the gap
    Continue,
}

impl From<LogErrorAction> for OnLogError {
    fn from(action: LogErrorAction) -> Self {
        match action {
            LogErrorAction::Fail => Self::Fail,
            LogErrorAction::Continue => Self::Continue,
        }
    }
}

/// The environment variable with the workspace of a command.
pub const WORKSPACE_VARIABLE: &str = "PROTEA_WORKSPACE";
/// The workspace in the current directory if none is given.
pub const DEFAULT_WORKSPACE: &str = "protea-workspace";

/// The workspace of a command.
#[derive(Debug, Clone, Args)]
pub struct WorkspaceArgs {
    /// Workspace directory [default: ./protea-workspace]
    #[arg(
        long,
        value_name = "DIR",
        env = WORKSPACE_VARIABLE,
        hide_env = true,
        default_value = DEFAULT_WORKSPACE,
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

Every run is written to the workspace first. This command sends what a backend
does not have yet because its server was down, the run was --offline, or a
process was killed. You can interrupt it, repeat it, and run it twice at the
same time: each point arrives once.")]
pub struct SyncArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Send only to this backend; repeatable
    #[arg(long = "backend", value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub backends: Vec<String>,
    /// Show what would be sent without sending it
    #[arg(long)]
    pub dry_run: bool,
    /// If the record of what was sent cannot be read and the server in
    /// MLFLOW_TRACKING_URI does not have the run, send the whole run to it
    #[arg(long)]
    pub send_again: bool,
}

/// Arguments of `protea sync-offline`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea sync-offline --dry-run
  WANDB_API_KEY=… protea sync-offline

protea writes runs of --track wandb in the offline format of the official
client, which then uploads them (`pip install wandb`). The client's exit code is
not reliable, so protea checks its output as well.")]
pub struct SyncOfflineArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Show what would be uploaded without uploading it
    #[arg(long)]
    pub dry_run: bool,
    /// Official client [default: wandb on the PATH]
    #[arg(long, value_name = "FILE")]
    pub wandb: Option<PathBuf>,
    /// Time limit of one run
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub time_limit: u64,
}

/// Arguments of `protea new-run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  JOB=$(protea new-run --experiment E018 --sp condition=full,seed=0 --quiet)
  protea bind-tracker $JOB --backend mlflow --project cafa
  protea run knn --job $JOB

The state point identifies a job: the same values give the same job, also in
signac for Python.")]
pub struct NewRunArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Experiment, such as E018
    #[arg(long, value_name = "ID")]
    pub experiment: String,
    /// Hypothesis that it tests, such as H012
    #[arg(long, value_name = "ID")]
    pub hypothesis: Option<String>,
    /// More of the state point; VALUE is parsed as JSON, otherwise it is a string; repeatable
    #[arg(long = "sp", value_name = "KEY=VALUE,…")]
    pub state_point: Vec<String>,
}

/// Arguments of `protea bind-tracker`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea bind-tracker 4f6f2a --backend mlflow --project cafa

The job's document (signac_job_document.json) then names the tracker run, and
the run's configuration names the job, the experiment and the hypothesis.")]
pub struct BindTrackerArgs {
    /// Job: its id, the start of it, or its directory
    pub job: String,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Backend to bind it to
    #[arg(long, value_name = "BACKEND", value_parser = PossibleValuesParser::new(Backend::NAMES))]
    pub backend: String,
    /// Project of the run: an experiment in MLflow, a project in W&B
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Contact no server; `protea sync` sends the run later
    #[arg(long)]
    pub offline: bool,
    /// Replace an existing binding; the tracker run stays as it is
    #[arg(long)]
    pub rebind: bool,
}
