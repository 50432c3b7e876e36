//! `protea explain`.

use std::path::PathBuf;

use clap::Args;

use super::{IsolationArgs, LockArgs, RunnerArgs};

const EXAMPLES: &str = "\
Examples:
  protea explain 20261121T093000Z-knn-1a2b3c P12345
  protea explain 1a2b3c P12345 --term GO:0005524
  protea explain 1a2b3c P12345 --limit 0 --json
  protea explain path/to/artifacts/experiment/20261121T093000Z-knn-1a2b3c P12345";

/// Arguments of `protea explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// Run: its id, the start or end of it, its directory, or `latest`
    pub run: String,
    /// Accession of the protein in the dataset
    pub accession: String,
    /// Explain only this term, even if it was not predicted
    #[arg(long, value_name = "ID", conflicts_with = "limit")]
    pub term: Option<String>,
    /// Number of terms to explain, highest scores first; 0 means all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Frozen dataset with the protein [default: the one that the run was scored on]
    #[arg(long, value_name = "DATASET")]
    pub dataset: Option<String>,
    /// Use the current file of the runner, even if it has changed since the run
    #[arg(long)]
    pub allow_other_runner: bool,
    /// Workspace [default: ./protea-workspace]
    #[arg(
        long,
        value_name = "DIR",
        env = "PROTEA_WORKSPACE",
        hide_env = true,
        default_value = "protea-workspace",
        hide_default_value = true
    )]
    pub workspace: PathBuf,
    #[command(flatten)]
    pub runners: RunnerArgs,
    /// Threads that the runner may use; 0 means one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    #[command(flatten)]
    pub isolation: IsolationArgs,
    #[command(flatten)]
    pub lock: LockArgs,
}
