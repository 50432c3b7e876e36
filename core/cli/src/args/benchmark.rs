//! `protea benchmark`.

use clap::Args;
use protea_cafa::scoring::Bootstrap;

use super::{ExecutionArgs, PlanArgs};

/// Arguments of `protea benchmark`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea benchmark --runners naive,blast,knn --train data/train --eval data/test
  protea benchmark --runners naive,diamond,knn@k5,knn@k30 \\
      --set knn@k5.k=5 --set knn@k30.k=30
  protea benchmark --runners knn,mine --spec mine=mine.yaml --json

`naive`, `blast`, `diamond` and `mmseqs` select the runner `baseline` with that
method. To compare one runner with different settings, label it: NAME@LABEL.
`--set knn@k30.k=30` sets `k` of the contender `knn@k30`.

Contenders are fitted and evaluated one after the other, each in a child run of
the benchmark's run. protea scores the predictions.tsv of each against the
annotations of --eval. The confidence interval of Fmax is the percentile
bootstrap over proteins. All contenders share the same resamples, so differences
have intervals too. `seconds` is the wall time of fit and evaluate.

If a contender fails, for example because a program is missing, the others go
on, its row gives the reason, and the exit code is 1. The run's directory gets
the table as benchmark.md, benchmark.tsv and benchmark.tex.")]
pub struct BenchmarkArgs {
    /// Contenders, separated by commas: runners, NAME@LABEL, naive, blast, diamond, mmseqs
    #[arg(
        long,
        value_name = "NAME,NAME,…",
        value_delimiter = ',',
        required = true
    )]
    pub runners: Vec<String>,
    /// Frozen dataset to train on; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// Frozen dataset to score on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// Setting of a contender; VALUE is parsed as JSON, otherwise it is a string
    #[arg(long = "set", value_name = "NAME.KEY=VALUE", help_heading = "Settings")]
    pub set: Vec<String>,
    /// File with settings of a contender (.json, .yaml, .yml); --set overrides it
    #[arg(long, value_name = "NAME=FILE", help_heading = "Settings")]
    pub spec: Vec<String>,
    #[command(flatten)]
    pub bootstrap: BootstrapArgs,
    /// Reuse runs of an earlier, interrupted benchmark with the same runner file, settings, seed,
    /// datasets, threads and isolation
    #[arg(long)]
    pub resume: bool,
    /// Number of tasks at once with --engine local
    #[arg(long, short, value_name = "N", default_value_t = 1, requires = "engine", value_parser = clap::value_parser!(u16).range(1..=super::MAX_THREADS))]
    pub jobs: u16,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How confidence intervals are computed.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// Number of bootstrap resamples for the intervals of Fmax; 0 means no intervals
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples, value_parser = resamples, help_heading = "Intervals")]
    pub bootstrap: usize,
    /// Confidence level of the intervals
    #[arg(long, value_name = "LEVEL", default_value_t = Bootstrap::default().confidence, value_parser = confidence, help_heading = "Intervals")]
    pub confidence: f64,
}

impl BootstrapArgs {
    /// The bootstrap, unless the number of resamples is 0.
    pub fn with_seed(&self, seed: u64) -> Option<Bootstrap> {
        (self.bootstrap > 0).then_some(Bootstrap {
            resamples: self.bootstrap,
            confidence: self.confidence,
            seed,
        })
    }
}

/// Parses a number of resamples.
pub(super) fn resamples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= Bootstrap::MOST_RESAMPLES => Ok(number),
        _ => Err(format!(
            "give a number from 0 to {}, such as 1000",
            Bootstrap::MOST_RESAMPLES
        )),
    }
}

/// Parses a confidence level.
pub(super) fn confidence(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("give a number between 0 and 1, such as 0.95".to_owned()),
    }
}
