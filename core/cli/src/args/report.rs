//! `protea report`.

use std::path::PathBuf;

use clap::Args;

use super::{WorkspaceArgs, benchmark::BootstrapArgs};

/// Arguments of `protea report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea report latest --open
  protea report 86fa41 -o knn.html
  protea report 20261121T094936Z-benchmark-86fa41 --tables tables
  protea report protea-workspace/workspace/JOB/artifacts/experiment/RUN

RUN is the id of a run, a unique start or end of the id, the run's directory, or
`latest`. The report of a benchmark, a cross-validation or a search covers all
of its runs. Failed and active runs have a report too.

The page opens in any browser and needs no network. protea computes intervals
and the tables of terms and proteins again from the predictions, so it needs the
datasets of the run. The page says what protea could not compute.")]
pub struct ReportArgs {
    /// Run: its id, a unique start or end of it, its directory, or `latest`
    pub run: String,
    /// File to write [default: the id of the run and `.html`, in the current directory]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the files of --output and --tables if they exist
    #[arg(long)]
    pub force: bool,
    /// Open the report in the browser
    #[arg(long)]
    pub open: bool,
    /// Also write the data of every table and figure to this directory, with all rows and digits
    #[arg(long, value_name = "DIR")]
    pub tables: Option<PathBuf>,
    /// Training set, a frozen dataset, if the run does not record it or it is elsewhere now
    #[arg(long, value_name = "DATASET")]
    pub train: Option<PathBuf>,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(flatten)]
    pub bootstrap: BootstrapArgs,
    /// Seed of the bootstrap; the report of a benchmark has the intervals of the benchmark
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "Intervals"
    )]
    pub seed: u64,
}
