//! The command line, one file per group of commands.

mod benchmark;
mod cafa;
#[cfg(unix)]
mod check;
mod config;
mod dataset;
mod doctor;
mod embeddings;
mod experiment;
mod explain;
mod housekeeping;
mod ia;
mod isolation;
mod lafa;
mod plan;
mod plot;
mod predict;
mod predictions;
mod report;
mod run_filters;
mod runners;
mod runs;
mod search;
mod serve;
mod shell;
mod split;
mod store;
mod tracking;
mod trust;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use benchmark::BenchmarkArgs;
pub use cafa::{CafaArgs, EvaluatorArg, LogLevel};
#[cfg(unix)]
pub use check::{CheckArgs, ConfigArgs, FuzzArgs};
pub use config::ConfigCommand;
pub use dataset::{DatasetCommand, DiffArgs, Dtype, Features, FreezeArgs, InspectArgs};
pub use doctor::DoctorArgs;
pub use embeddings::{EmbeddingArgs, Pooling};
pub use experiment::{
    EvaluateArgs, ExecutionArgs, ExportArgs, FitArgs, LogFrom, RunArgs, RunnerArgs,
};
pub use explain::ExplainArgs;
pub use housekeeping::{
    ConfirmArgs, ExportFormat, GcArgs, NoteArgs, RmArgs, RunsExportArgs, TagArgs,
};
pub use ia::IaArgs;
pub use isolation::{IsolationArgs, IsolationMode, SandboxMode};
pub use lafa::{LafaArgs, LafaMethod};
pub use plan::{
    EngineCommand, EngineName, EngineResumeArgs, EngineStatusArgs, ExportTargetName, GatherArgs,
    OTHER_MACHINES, PlanArgs, PlanCommand, PlanExportArgs, PlanRemainingArgs, TaskArgs,
};
pub use plot::PlotArgs;
pub use predict::{PredictArgs, PredictionAspect, PredictionFormat};
pub use predictions::{
    AbsentAs, MergeBy, PredictionsCommand, PredictionsConvertArgs, PredictionsCutArgs,
    PredictionsDiffArgs, PredictionsFormat, PredictionsMemoryArgs, PredictionsMergeArgs,
    PredictionsOutputArgs, PredictionsPropagateArgs, PredictionsShowArgs, PredictionsStatsArgs,
    PredictionsValidateArgs, PropagateBy, RulesOf,
};
pub use report::ReportArgs;
pub use run_filters::RunFilters;
pub use runners::{InfoArgs, InstallArgs, NewArgs, PinArgs, RunnersCommand};
pub use runs::{CompareArgs, ListArgs, LogArgs, RunsCommand, ShowArgs, TailArgs};
pub use search::{CvArgs, ManyArgs, SearchArgs};
pub use serve::ServeArgs;
pub use shell::{CompletionsArgs, ManPagesArgs, ShellArg};
pub use split::{SplitArgs, SplitBy};
pub use store::{CacheArgs, CpArgs, LsArgs, StoreCommand, VerifyArgs};
pub use tracking::{
    BindTrackerArgs, DEFAULT_WORKSPACE, NewRunArgs, SyncArgs, SyncOfflineArgs, TrackingArgs,
    WORKSPACE_VARIABLE, WorkspaceArgs,
};
pub use trust::LockArgs;

use crate::exit;

/// The most threads or jobs that are started. More would exhaust the machine's memory.
const MAX_THREADS: i64 = 1024;

/// Parses a number of threads.
fn threads(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|threads| (0..=MAX_THREADS).contains(threads))
        .and_then(|threads| usize::try_from(threads).ok())
        .ok_or_else(|| format!("give a number from 0 to {MAX_THREADS}; 0 means one per core"))
}

const EXAMPLES: &str = "\
Examples:
  protea run knn                                    on the example data
  protea run knn --train data/train --eval data/test --set k=10
  protea runs list --sort MFO.fmax
  protea report latest --open
  protea search knn --grid k=1,3,5,10 --metric MFO.fmax
  protea cv knn --folds 5
  protea benchmark --runners naive,diamond,knn
  protea runners list
  protea dataset freeze data/train --name mine --ontology go-basic.obo \\
      --fasta train.fasta --annotations train_terms.tsv --features kmer
  protea run knn --train s3://lab/train --eval s3://lab/test
  protea store cp data/train s3://lab/train
  protea cafa go-basic.obo predictions/ truth.tsv --ia IA.tsv";

const ENVIRONMENT: &str = "\
Environment:
  PROTEA_RUNNER_PATH     directories of runners, separated as in PATH
  PROTEA_WORKSPACE       workspace if --workspace is not given
  PROTEA_EXAMPLE_DATA    directory of the example data (train and test)
  PROTEA_CACHE_DIR       cache of fetched datasets and models
  PROTEA_CACHE_LIMIT     size limit of the cache, such as 100GiB
  PROTEA_STORE_PATIENCE  timeout of a store that does not answer, such as 5m
  PROTEA_LOG             diagnostics on standard error: error, warn, info, debug
                         or trace [default: off]
  MLFLOW_TRACKING_URI    server of --track mlflow; MLFLOW_TRACKING_USERNAME and
                         _PASSWORD, or MLFLOW_TRACKING_TOKEN, to authenticate
  PROTEA_CONFIG          off: read no protea.toml
  NO_COLOR               disables colours if set";

/// Benchmark protein-function predictors on frozen datasets
///
/// A runner is a plugin with one prediction method. protea finds runners in directories, fits and
/// evaluates them on frozen datasets, and scores their predictions as CAFA does.
#[derive(Debug, Parser)]
#[command(
    name = "protea",
    version,
    arg_required_else_help = true,
    max_term_width = 80,
    after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}\n\n{}", exit::HELP),
    after_help = format!("{EXAMPLES}\n\nSee --help for the environment and the exit codes."),
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Print one JSON value on standard output, also for an error
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Print only warnings and errors on standard error
    #[arg(long, short, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto, help_heading = "Output")]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If the output is a terminal and NO_COLOR is not set
    Auto,
    /// Also in files and pipes
    Always,
    /// No colours
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit, evaluate and export, and show the scores
    Run(Box<RunArgs>),
    /// Predict GO terms for proteins without annotations
    #[command(mut_arg("compress_predictions", |arg| arg.hide(true)))]
    Predict(Box<PredictArgs>),
    /// Search for the best settings of a runner
    Search(Box<SearchArgs>),
    /// Cross-validate a runner on one dataset
    Cv(Box<CvArgs>),
    /// Compare runners on the same data, with confidence intervals
    Benchmark(Box<BenchmarkArgs>),
    /// Create, split, compare and check frozen datasets; inspect files
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// List, show, compare, tag, export and remove runs of the workspace
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Write the report of a run as one HTML file
    Report(Box<ReportArgs>),
    /// Draw a figure of runs for a paper, or in the terminal
    Plot(Box<PlotArgs>),
    /// Show the workspace in the browser: runs, comparison, live metrics and logs
    Serve(ServeArgs),
    /// Show what contributed to the scores of a protein
    Explain(ExplainArgs),
    /// Show, merge, propagate, cut, check, compare and convert predictions
    #[command(subcommand)]
    Predictions(Box<PredictionsCommand>),
    /// Score predictions; a drop-in replacement for cafaeval
    Cafa(CafaArgs),
    /// List, check, install and create runners
    #[command(subcommand)]
    Runners(RunnersCommand),
    /// Fit a model on a dataset and print its URI
    #[command(mut_arg("compress_predictions", |arg| arg.hide(true)))]
    Fit(FitArgs),
    /// Predict with a fitted model and show the scores
    Evaluate(EvaluateArgs),
    /// Export a fitted model for use elsewhere
    #[command(mut_arg("compress_predictions", |arg| arg.hide(true)))]
    Export(ExportArgs),
    /// Export a plan for another engine
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Execute one or more tasks of a plan
    Task(TaskArgs),
    /// Record the results of a plan in the workspace
    Gather(GatherArgs),
    /// Show, resume and cancel the jobs of a plan
    #[command(subcommand)]
    Engine(EngineCommand),
    /// Send runs of the workspace to trackers that do not have them yet
    Sync(SyncArgs),
    /// Upload W&B runs of the workspace with the official client
    SyncOffline(SyncOfflineArgs),
    /// Create the job of an experiment and print its id
    NewRun(NewRunArgs),
    /// Link a job of the workspace to a run of a tracker
    BindTracker(BindTrackerArgs),
    /// List, copy and check files in local and remote stores
    #[command(subcommand)]
    Store(StoreCommand),
    /// Predict from sequences, annotations and an ontology, with LAFA's arguments
    Lafa(Box<LafaArgs>),
    /// Show what protea can use on this machine, what is missing, and how to get it
    Doctor(DoctorArgs),
    /// Show the defaults from protea.toml and the environment
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
    /// Write the manual pages
    #[command(hide = true)]
    ManPages(ManPagesArgs),
}

#[cfg(test)]
mod named_commands_test;
