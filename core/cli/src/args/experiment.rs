//! `protea run | fit | evaluate | export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protea_core::contracts::Level;

use super::{IsolationArgs, LockArgs, TrackingArgs, WorkspaceArgs};

const RUN_EXAMPLES: &str = "\
Examples:
  protea run knn
  protea run knn --set k=10 --set metric=l2
  protea run baseline --spec spec.yaml --train data/train --eval data/test --json
  protea run mine --runner-dir ~/runners --seed 7 --threads 4
  protea run knn --train s3://lab/train --eval s3://lab/test --output s3://lab/exports/knn

The result is a run directory in the workspace, with the model, the predictions, what was exported,
and run_manifest.json, which says what ran, on what, and how it ended.";

/// Arguments of `protea run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Name of the runner; `protea runners list` shows them
    pub runner: String,
    /// The frozen dataset to learn from; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// The frozen dataset to be scored on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// Where the export goes, a directory or URI; must not be there yet [default: in the run
    /// directory]
    #[arg(long, short, value_name = "DIR|URI")]
    pub output: Option<String>,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Arguments of `protea fit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea fit knn --train data/train --set k=10
  MODEL=$(protea fit knn --train data/train --quiet)")]
pub struct FitArgs {
    /// Name of the runner; `protea runners list` shows them
    pub runner: String,
    /// The frozen dataset to learn from
    #[arg(long, value_name = "DATASET")]
    pub train: String,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Arguments of `protea evaluate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea evaluate knn --model \"$MODEL\" --eval data/test
  protea evaluate knn --model exported-knn --eval data/test --json")]
pub struct EvaluateArgs {
    /// Name of the runner that the model is of
    pub runner: String,
    /// The model: the URI that `fit` printed, its path, or an exported directory or its URI
    #[arg(long, value_name = "URI|PATH")]
    pub model: String,
    /// The frozen dataset to be scored on
    #[arg(long, value_name = "DATASET")]
    pub eval: String,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Arguments of `protea export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea export knn --model \"$MODEL\" --output exported-knn
  protea export knn --model \"$MODEL\" --output s3://lab/exports/knn")]
pub struct ExportArgs {
    /// Name of the runner that the model is of
    pub runner: String,
    /// The model: the URI that `fit` printed, or its path
    #[arg(long, value_name = "URI|PATH")]
    pub model: String,
    /// The directory or URI to make; must not be there yet [default: in the run directory]
    #[arg(long, short, value_name = "DIR|URI")]
    pub output: Option<String>,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Where the settings come from.
#[derive(Debug, Args)]
pub struct SpecArgs {
    /// One setting; the value is JSON where it can be read so, else a text. `a.b=1` sets b in a
    #[arg(long = "set", value_name = "KEY=VALUE", help_heading = "Settings")]
    pub set: Vec<String>,
    /// Settings from a file (.json, .yaml, .yml); --set goes over it
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub spec: Option<PathBuf>,
}

/// How and where the work is done.
#[derive(Debug, Args)]
pub struct ExecutionArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(flatten)]
    pub runners: RunnerArgs,
    /// Seeds everything that is random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How many threads the runner may use; 0 stands for one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// Show the run's log on standard error from this level on, in place of notes; `debug` puts
    /// what is below `info` into logs/run.log too
    #[arg(long, value_enum, value_name = "LEVEL", ignore_case = true)]
    pub log_level: Option<LogFrom>,
    #[command(flatten)]
    pub isolation: IsolationArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    #[command(flatten)]
    pub tracking: TrackingArgs,
}

/// From which level on a run's log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFrom {
    /// Everything, progress too
    Debug,
    /// What a run does
    Info,
    /// What to look at
    #[value(alias = "warning")]
    Warn,
    /// What went wrong
    Error,
}

impl LogFrom {
    /// The level.
    pub const fn level(self) -> Level {
        match self {
            Self::Debug => Level::Debug,
            Self::Info => Level::Info,
            Self::Warn => Level::Warning,
            Self::Error => Level::Error,
        }
    }
}

/// Where runners are looked for.
#[derive(Debug, Args)]
pub struct RunnerArgs {
    /// A directory of runners, searched before all others; may be given more than once
    #[arg(long = "runner-dir", value_name = "DIR")]
    pub directories: Vec<PathBuf>,
    /// Use runners also where others than you and root could have put them
    #[arg(long)]
    pub allow_insecure_dir: bool,
}
