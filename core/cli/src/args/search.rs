//! `protea search | cv`.

use clap::{ArgGroup, Args};

use super::{ExecutionArgs, PlanArgs, experiment::SpecArgs};

/// Arguments of `protea search`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("strategy").args(["grid", "random", "tpe"]).required(true),
    after_help = "\
Examples:
  protea search knn --grid k=1,3,5,10 --metric MFO.fmax
  protea search knn --grid k=1,3,5 --grid metric=cosine,l2 --jobs 4
  protea search knn --random 20 --space k=1..30
  protea search mine --tpe 50 --space lr=1e-4..1e-1:log --space layers=1..4 \\
      --metric BPO.smin --train data/train --eval data/validation --seed 7

`k=1,3,5` lists values. Each is parsed as JSON, otherwise it is a string; values
with commas need a JSON array: `k=[\"a,b\",\"c\"]`. `k=1..30` is a range of
integers and `x=0.1..2.0` of numbers; with `:log` they are sampled on a
logarithmic scale. `a.b` or `/a/b` is the setting b of a. All values are checked
against the runner's settings before the first trial.

Each trial fits and evaluates in a child run of the search's run, whose
directory gets the table of all trials, search.tsv. The trials depend on the
seed, not on --jobs. If a search is started again after an interruption, it
reuses the trials that finished with the same runner file, settings, seed and
datasets.

The best of many trials scores better on the data it was selected with than on
new data: for the score that you report, use a dataset that no trial has seen."
)]
pub struct SearchArgs {
    /// Name of a runner, as `protea runners list` shows it
    pub runner: String,
    /// Frozen dataset to train on; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// Frozen dataset to score on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// Try all combinations of the listed values; once per setting
    #[arg(long, value_name = "KEY=…", help_heading = "Search")]
    pub grid: Vec<String>,
    /// Try N random combinations
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub random: Option<usize>,
    /// Try N combinations with the Tree-structured Parzen Estimator; the first 10 are random
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub tpe: Option<usize>,
    /// List or range for --random and --tpe; once per setting
    #[arg(
        long,
        value_name = "KEY=RANGE",
        conflicts_with = "grid",
        help_heading = "Search"
    )]
    pub space: Vec<String>,
    /// Metric to optimise, such as MFO.fmax; `fmax` alone is the mean of Fmax over the
    /// aspects [default: the runner's first metric]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    pub metric: Option<String>,
    /// Number of trials that TPE chooses at once, before it learns from them
    #[arg(
        long,
        value_name = "N",
        requires = "tpe",
        default_value_t = 4,
        help_heading = "Search"
    )]
    pub generation: usize,
    #[command(flatten)]
    pub many: ManyArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Arguments of `protea cv`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea cv knn --data data/train --folds 5
  protea cv knn --data data/train --group-by clusters_cluster.tsv --jobs 2
  protea cv baseline --data data/train --folds 10 --group-by taxon --seed 7
  protea cv knn --data data/train --group-by clade --rank family

The proteins are assigned to K folds. Each fold is held out once, and the runner
trains on the others. If similar proteins are in different folds, the scores are
too good. To keep them together, cluster the proteins, for example with
`mmseqs easy-cluster proteins.fasta clusters tmp --min-seq-id 0.3`, and give the
resulting table clusters_cluster.tsv to --group-by.

Each fold is two frozen datasets in the workspace, created once per dataset, K,
seed and grouping. Folds that finished with the same runner file, settings and
seed are reused. The run's directory gets the scores, their mean and standard
deviation as cross_validation.tsv.")]
pub struct CvArgs {
    /// Name of a runner, as `protea runners list` shows it
    pub runner: String,
    /// Frozen dataset to split into folds [default: the training data of the example]
    #[arg(long, value_name = "DATASET")]
    pub data: Option<String>,
    /// Number of folds
    #[arg(
        long,
        value_name = "K",
        default_value_t = 5,
        help_heading = "Cross-validation"
    )]
    pub folds: usize,
    /// Keep groups in one fold: `taxon`, `clade` (with --rank), or a table of protein and cluster
    #[arg(
        long,
        value_name = "taxon|clade|FILE",
        help_heading = "Cross-validation"
    )]
    pub group_by: Option<String>,
    /// Rank of the clades for `--group-by clade`, such as family; needs a dataset with lineages
    #[arg(
        long,
        value_name = "RANK",
        requires = "group_by",
        help_heading = "Cross-validation"
    )]
    pub rank: Option<String>,
    #[command(flatten)]
    pub many: ManyArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How the runs of a search or cross-validation are executed.
#[derive(Debug, Args)]
pub struct ManyArgs {
    /// Number of trials or folds to run in parallel; they share the threads
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=super::MAX_THREADS))]
    pub jobs: u16,
    /// Compute every trial or fold again instead of reusing earlier results
    #[arg(long)]
    pub recompute: bool,
}
