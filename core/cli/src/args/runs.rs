//! `protea runs`.

use clap::{Args, Subcommand};
use protea_core::workspace::RunOrder;

use super::{
    GcArgs, NoteArgs, RmArgs, RunsExportArgs, TagArgs, WorkspaceArgs,
    run_filters::{RunFilters, parse_order},
};

/// Commands for the runs of a workspace.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
RUN is the id of a run, a unique start or end of the id, the run's directory, or
`latest`.")]
pub enum RunsCommand {
    /// List runs, newest first, with child runs under their parents
    List(ListArgs),
    /// Show the inputs, outcome and files of a run
    Show(ShowArgs),
    /// Compare the settings and metrics of runs
    Compare(CompareArgs),
    /// Print the log of a run
    Log(LogArgs),
    /// Print the end of a log and follow it until the run ends
    Tail(TailArgs),
    /// Remove runs and their child runs, unless something needs them
    Rm(RmArgs),
    /// Remove old, failed or lesser runs, and finish interrupted removals
    Gc(GcArgs),
    /// Add, change and remove tags of runs
    Tag(TagArgs),
    /// Write or remove the notes of a run
    Note(NoteArgs),
    /// Write the list of runs as CSV, Parquet or JSON
    Export(RunsExportArgs),
}

/// Arguments of `protea runs list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs list
  protea runs list --project cafa --group H012 --sort MFO.fmax
  protea runs list --runner knn --sort MFO.smin:asc --limit 5 --json")]
pub struct ListArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(flatten)]
    pub filters: RunFilters,
    /// Sort by a metric such as MFO.fmax, by `started` or by `seconds`; highest first unless :asc
    /// follows; runs without the metric come last [default: started]
    #[arg(long, value_name = "METRIC[:asc|desc]", value_parser = parse_order)]
    pub sort: Option<RunOrder>,
    /// Maximum number of runs to show; 0 means all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// Arguments of `protea runs show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs show 86fa41
  protea runs show 20261121T094936Z-knn-86fa41 --json")]
pub struct ShowArgs {
    /// Run: its id, a unique start or end of it, its directory, or `latest`
    pub run: String,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runs compare 86fa41 0c2d11

Differences are relative to the first run.")]
pub struct CompareArgs {
    /// Runs to compare
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<String>,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs log`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs log 86fa41 | grep WARN
  protea runs log 86fa41 -f")]
pub struct LogArgs {
    /// Run: its id, a unique start or end of it, its directory, or `latest`
    pub run: String,
    /// Follow the log until the run ends
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs tail`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runs tail                           follows the newest active run")]
pub struct TailArgs {
    /// Run [default: the newest active one]
    pub run: Option<String>,
    /// Number of existing lines to start with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub lines: usize,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}
