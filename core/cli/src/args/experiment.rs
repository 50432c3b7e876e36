//! `protea run | fit | evaluate | export`.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use protea_cafa::prediction::PREDICTIONS;
use protea_core::{
    contracts::Level,
    experiment::{Delegation, Recording},
};

use super::{IsolationArgs, LockArgs, PlanArgs, TrackingArgs, WorkspaceArgs};

const RUN_EXAMPLES: &str = "\
Examples:
  protea run knn
  protea run knn --set k=10 --set metric=l2
  protea run baseline --spec spec.yaml --train data/train --eval data/test
  protea run mine --runner-dir ~/runners --seed 7 --threads 4
  protea run --from latest                              repeat it, and compare
  protea run knn --train s3://lab/train --eval s3://lab/test \\
      --output s3://lab/exports/knn

The result is a run directory in the workspace with the model, the predictions,
the export and run_manifest.json, which records what ran, its inputs, and how it
ended.";

/// Arguments of `protea run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Name of a runner, as `protea runners list` shows it
    #[arg(required_unless_present = "from")]
    pub runner: Option<String>,
    /// Repeat this run with its runner, settings, seed and data, and compare the results
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with_all = ["runner", "set", "spec", "calibrate", "seed"]
    )]
    pub from: Option<String>,
    /// Frozen dataset to train on; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// Frozen dataset to score on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// Directory or URI for the export; must not exist yet [default: in the run directory]
    #[arg(long, short, value_name = "DIR|URI")]
    pub output: Option<String>,
    /// Do not export the model; `protea export` can do it later
    #[arg(long, conflicts_with = "output")]
    pub no_export: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
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
    /// Name of a runner, as `protea runners list` shows it
    pub runner: String,
    /// Frozen dataset to train on
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
    /// Name of the runner that fitted the model
    pub runner: String,
    /// Model: a run or `latest`, the URI that `fit` printed, its path, or an exported directory or URI
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Frozen dataset to score on
    #[arg(long, value_name = "DATASET")]
    pub eval: String,
    /// Dataset that the model refers to, if the model is not from this workspace
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
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
    /// Name of the runner that fitted the model
    pub runner: String,
    /// Model: a run or `latest`, the URI that `fit` printed, or its path
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Dataset that the model refers to, if the model is not from this workspace
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// Directory or URI to create; must not exist yet [default: in the run directory]
    #[arg(long, short, value_name = "DIR|URI")]
    pub output: Option<String>,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// The settings of a run.
#[derive(Debug, Args)]
pub struct SpecArgs {
    /// Setting; VALUE is parsed as JSON, otherwise it is a string; `a.b=1` sets b of a
    #[arg(long = "set", value_name = "KEY=VALUE", help_heading = "Settings")]
    pub set: Vec<String>,
    /// File with settings (.json, .yaml, .yml); --set overrides it
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub spec: Option<PathBuf>,
    /// Turn scores into probabilities, fitted on held-out proteins; the same as --set calibrate=true
    #[arg(long, help_heading = "Settings")]
    pub calibrate: bool,
}

impl SpecArgs {
    /// The settings that are given one by one.
    pub fn single(&self) -> Vec<String> {
        let calibrate = self.calibrate.then(|| "calibrate=true".to_owned());
        calibrate
            .into_iter()
            .chain(self.set.iter().cloned())
            .collect()
    }

    /// Whether any setting is given.
    pub fn is_given(&self) -> bool {
        self.spec.is_some() || self.calibrate || !self.set.is_empty()
    }
}

/// How a run is executed.
#[derive(Debug, Clone, Args)]
pub struct ExecutionArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(flatten)]
    pub runners: RunnerArgs,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads that the runner may use; 0 means one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// Compress the file of predictions with gzip; all commands read both forms
    #[arg(long)]
    pub compress_predictions: bool,
    /// Print the run's log from this level on, instead of progress; `debug` also adds debug
    /// messages to logs/run.log
    #[arg(long, value_enum, value_name = "LEVEL", ignore_case = true)]
    pub log_level: Option<LogFrom>,
    #[command(flatten)]
    pub isolation: IsolationArgs,
    #[command(flatten)]
    pub lock: LockArgs,
    #[command(flatten)]
    pub tracking: TrackingArgs,
    /// Where the work goes instead of being done.
    #[arg(skip)]
    pub delegation: Option<Arc<Delegation>>,
}

impl ExecutionArgs {
    /// What is recorded of every run besides its results.
    pub fn recording(&self) -> Recording {
        let names: &[&str] = if self.compress_predictions {
            &[PREDICTIONS]
        } else {
            &[]
        };
        self.tracking.recording().with_compressed_files(names)
    }
}

/// The lowest level of log lines to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFrom {
    /// Everything, including progress
    Debug,
    /// Steps of the run
    Info,
    /// Warnings
    #[value(alias = "warning")]
    Warn,
    /// Errors
    Error,
}

impl LogFrom {
    /// The level of the contract.
    pub const fn level(self) -> Level {
        match self {
            Self::Debug => Level::Debug,
            Self::Info => Level::Info,
            Self::Warn => Level::Warning,
            Self::Error => Level::Error,
        }
    }
}

/// Where runners are searched for.
#[derive(Debug, Clone, Args)]
pub struct RunnerArgs {
    /// Directory of runners, searched before all others; repeatable
    #[arg(long = "runner-dir", value_name = "DIR")]
    pub directories: Vec<PathBuf>,
    /// Allow runners from directories other users can write to
    #[arg(long)]
    pub allow_insecure_dir: bool,
}
