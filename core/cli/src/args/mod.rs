//! The command line, one file per group of commands.

mod benchmark;
mod cafa;
#[cfg(unix)]
mod check;
mod dataset;
mod experiment;
mod explain;
mod isolation;
mod runners;
mod runs;
mod search;
mod split;
mod store;
mod tracking;
mod trust;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use benchmark::BenchmarkArgs;
pub use cafa::{CafaArgs, EvaluatorArg, LogLevel};
#[cfg(unix)]
pub use check::{CheckArgs, ConfigArgs, FuzzArgs};
pub use dataset::{DatasetCommand, DiffArgs, Dtype, Features, FreezeArgs};
pub use experiment::{
    EvaluateArgs, ExecutionArgs, ExportArgs, FitArgs, LogFrom, RunArgs, RunnerArgs,
};
pub use explain::ExplainArgs;
pub use isolation::{IsolationArgs, Place, Walls};
pub use runners::{InfoArgs, InstallArgs, NewArgs, PinArgs, RunnersCommand};
pub use runs::{CompareArgs, ListArgs, LogArgs, RunsCommand, ShowArgs, SortBy, TailArgs};
pub use search::{CvArgs, ManyArgs, SearchArgs};
pub use split::{SplitArgs, SplitBy};
pub use store::{CacheArgs, CpArgs, LsArgs, StoreCommand, VerifyArgs};
pub use tracking::{
    BindTrackerArgs, NewRunArgs, SyncArgs, SyncOfflineArgs, TrackingArgs, WorkspaceArgs,
};
pub use trust::LockArgs;

use crate::exit;

/// The most threads or jobs that are started: more take the machine's memory and do not end.
const MOST: i64 = 1024;

/// A number of threads, 0 for one per core.
fn threads(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|threads| (0..=MOST).contains(threads))
        .and_then(|threads| usize::try_from(threads).ok())
        .ok_or_else(|| format!("give a number from 0 to {MOST}; 0 stands for one per core"))
}

const EXAMPLES: &str = "\
Examples:
  protea run knn                                    on the example data of the repository
  protea run knn --train data/train --eval data/test --set k=10
  protea runs list --sort MFO.fmax
  protea search knn --grid k=1,3,5,10 --metric MFO.fmax
  protea cv knn --folds 5
  protea benchmark --runners naive,diamond,knn
  protea runners list
  protea dataset freeze data/train --name mine --ontology go-basic.obo \\
      --fasta train.fasta --annotations train_terms.tsv --features kmer
  protea run knn --train s3://lab/train --eval s3://lab/test --output s3://lab/exports/knn
  protea store cp data/train s3://lab/train
  protea cafa go-basic.obo predictions/ truth.tsv --ia IA.tsv";

const ENVIRONMENT: &str = "\
Environment:
  PROTEA_RUNNER_PATH   directories of runners, separated as in PATH
  PROTEA_WORKSPACE     the workspace where --workspace is not given
  PROTEA_EXAMPLE_DATA  the directory that holds the example data, train and test
  MLFLOW_TRACKING_URI  the server of --track mlflow; MLFLOW_TRACKING_USERNAME and _PASSWORD, or
                       MLFLOW_TRACKING_TOKEN, to sign in there
  PROTEA_CACHE_DIR     where fetched datasets and models are kept; PROTEA_CACHE_LIMIT how much of
                       them, as 100GiB
  PROTEA_STORE_PATIENCE  how long a store that gives no answer is waited for, as 5m
  NO_COLOR             no colours, whatever it is set to";

/// Benchmark protein-function predictors on frozen datasets
///
/// A runner is a plugin that fits, evaluates and exports one method; protea finds runners in
/// directories, runs them on frozen datasets, and scores what they predict as CAFA does.
#[derive(Debug, Parser)]
#[command(
    name = "protea",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}\n\n{}", exit::HELP),
    after_help = format!("{EXAMPLES}\n\nSee --help for the environment and the exit codes."),
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Print one JSON value on standard output, and nothing else there; an error is one too
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// No progress and no notes on standard error; warnings and errors remain
    #[arg(long, short, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto, help_heading = "Output")]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit, evaluate and export in one go, and show the scores
    Run(RunArgs),
    /// Try many settings, and say which are best
    Search(Box<SearchArgs>),
    /// Fit and evaluate on every fold of a dataset, and show mean and deviation of the scores
    Cv(Box<CvArgs>),
    /// Compare runners on the same data, with confidence intervals
    Benchmark(Box<BenchmarkArgs>),
    /// Fit a model on a dataset and print its URI
    Fit(FitArgs),
    /// Predict for a dataset with a fitted model and show the scores
    Evaluate(EvaluateArgs),
    /// Write a fitted model out, so that it can be used elsewhere
    Export(ExportArgs),
    /// Send to trackers what they do not have yet of the workspace's runs
    Sync(SyncArgs),
    /// Upload the workspace's W&B runs with the official client
    SyncOffline(SyncOfflineArgs),
    /// Make the job of an experiment in the workspace, and print its id
    NewRun(NewRunArgs),
    /// Bind a job to a run of a tracker, so that either can be found from the other
    BindTracker(BindTrackerArgs),
    /// Show where the scores of a protein come from in a run
    Explain(ExplainArgs),
    /// Look back at the runs of the workspace
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Find out what runners there are and what they can do
    #[command(subcommand)]
    Runners(RunnersCommand),
    /// Make, look at and check frozen datasets
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// List, copy and check datasets, models and exports where they lie: s3://, gs://, az://, …
    #[command(subcommand)]
    Store(StoreCommand),
    /// Score predictions as the command cafaeval does, with its options and output files
    Cafa(CafaArgs),
}
