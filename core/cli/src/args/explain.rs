//! `protea explain`.

use std::path::PathBuf;

use clap::Args;

use super::{IsolationArgs, LockArgs, RunnerArgs};

const EXAMPLES: &str = "\
Examples:
  protea explain 20261121T093000Z-knn-1a2b3c P12345
  protea explain 1a2b3c P12345 --term GO:0005524
  protea explain 1a2b3c P12345 --limit 0 --json
  protea explain results/workspace/…/artifacts/experiment/20261121T093000Z-knn-1a2b3c P12345";

/// Arguments of `protea explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// The run: its id, a beginning or end of it, or its directory
    pub run: String,
    /// The protein, by its accession in the dataset
    pub accession: String,
    /// One term, predicted or not
    #[arg(long, value_name = "ID", conflicts_with = "limit")]
    pub term: Option<String>,
    /// How many terms to explain, those with the highest scores; 0 stands for all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// The frozen dataset that the protein is in [default: the one that the run was scored on]
    #[arg(long, value_name = "DATASET")]
    pub dataset: Option<String>,
    /// Ask the runner as it is now, although the run was done with another file of it
    #[arg(long)]
    pub allow_other_runner: bool,
    /// Where runs are kept [default: ./protea-workspace]
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
    /// How many threads the runner may use; 0 stands for one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    #[command(flatten)]
    pub isolation: IsolationArgs,
    #[command(flatten)]
    pub lock: LockArgs,
}
