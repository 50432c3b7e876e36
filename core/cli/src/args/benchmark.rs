//! `protea benchmark`.

use clap::Args;
use protea_cafa::scoring::Bootstrap;

use super::ExecutionArgs;

/// Arguments of `protea benchmark`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea benchmark --runners naive,blast,knn --train data/train --eval data/test
  protea benchmark --runners naive,diamond,knn@k5,knn@k30 --set knn@k5.k=5 --set knn@k30.k=30
  protea benchmark --runners knn,mine --spec mine=mine.yaml --bootstrap 10000 --json

`naive`, `blast`, `diamond` and `mmseqs` are the runner `baseline` with that method. A runner can
contend more than once: `NAME@LABEL` is the runner NAME under another name. Settings are given to a
contender by its name, as it stands in --runners: `--set knn@k30.k=30`.

The contenders are fitted and evaluated one after the other, each in a run of its own below that of
the benchmark. What each wrote to predictions.tsv is scored against the annotations of --eval.
Fmax has a confidence interval: the percentile bootstrap over proteins, with the same draws for all
contenders, so that differences are resampled too. Seconds are the wall time of fit and evaluate.

A contender that fails, because its runner or a program is missing, for example, does not stop the
others; its row says why, and the exit code is 1. The directory of the run gets the table as
benchmark.md, benchmark.tsv and benchmark.tex.")]
pub struct BenchmarkArgs {
    /// What is compared, separated by commas: names of runners, NAME@LABEL, naive, blast, diamond,
    /// mmseqs
    #[arg(
        long,
        value_name = "NAME,NAME,…",
        value_delimiter = ',',
        required = true
    )]
    pub runners: Vec<String>,
    /// The frozen dataset to learn from; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// The frozen dataset to be scored on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// One setting of a contender; the value is JSON where it can be read so, else a text
    #[arg(long = "set", value_name = "NAME.KEY=VALUE", help_heading = "Settings")]
    pub set: Vec<String>,
    /// Settings of a contender from a file (.json, .yaml, .yml); --set goes over it
    #[arg(long, value_name = "NAME=FILE", help_heading = "Settings")]
    pub spec: Vec<String>,
    #[command(flatten)]
    pub bootstrap: BootstrapArgs,
    /// Take over what an earlier benchmark, ended before its time, did with the same runner file,
    /// settings, seed, datasets, threads and isolation
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How confidence intervals are made.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// How often the proteins are resampled for the intervals of Fmax; 0 makes none
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples, value_parser = resamples, help_heading = "Intervals")]
    pub bootstrap: usize,
    /// How much of the resamples the intervals cover
    #[arg(long, value_name = "SHARE", default_value_t = Bootstrap::default().confidence, value_parser = confidence, help_heading = "Intervals")]
    pub confidence: f64,
}

impl BootstrapArgs {
    /// The bootstrap, if there is to be one.
    pub fn with_seed(&self, seed: u64) -> Option<Bootstrap> {
        (self.bootstrap > 0).then_some(Bootstrap {
            resamples: self.bootstrap,
            confidence: self.confidence,
            seed,
        })
    }
}

/// A number of resamples, 0 for none.
pub(super) fn resamples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= Bootstrap::MOST_RESAMPLES => Ok(number),
        _ => Err(format!(
            "give a number from 0 to {}, such as 1000",
            Bootstrap::MOST_RESAMPLES
        )),
    }
}

/// A share of resamples.
pub(super) fn confidence(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("give a number between 0 and 1, such as 0.95".to_owned()),
    }
}
