//! `protea search | cv`.

use clap::{ArgGroup, Args};

use super::{ExecutionArgs, experiment::SpecArgs};

/// Arguments of `protea search`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("strategy").args(["grid", "random", "tpe"]).required(true),
    after_help = "\
Examples:
  protea search knn --grid k=1,3,5,10 --metric MFO.fmax
  protea search knn --grid k=1,3,5 --grid metric=cosine,l2 --set vote=max --jobs 4
  protea search knn --random 20 --space k=1..30 --space distance_threshold=0.1..2.0
  protea search mine --tpe 50 --space lr=1e-4..1e-1:log --space layers=1..4 --metric BPO.smin \\
      --train data/train --eval data/validation --seed 7

What varies: `k=1,3,5` lists values, each JSON where it can be read so, else a text (a value with a
comma needs a JSON array: `k=[\"a,b\",\"c\"]`). `k=1..30` is a range of whole numbers, `x=0.1..2.0`
one of numbers, and `:log` behind it makes every order of magnitude as likely as any other. `a.b`
or `/a/b` names b in a. All is checked against the runner's settings before the first trial.

Each trial fits and evaluates, as a run of its own in the workspace, below the run of the search,
whose directory gets the table of all trials, search.tsv. Which trials there are depends on the
seed, not on --jobs. Started again after Ctrl-C, a crash or a power cut, the search takes over the
trials that finished with the same runner file, settings, seed and datasets.

The best of many trials looks better on the data it was chosen by than on other data: keep a
dataset that no trial has seen for the score that you report."
)]
pub struct SearchArgs {
    /// Name of the runner; `protea runners list` shows them
    pub runner: String,
    /// The frozen dataset to learn from; without --train and --eval, the example data
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,
    /// The frozen dataset to be scored on
    #[arg(long, value_name = "DATASET")]
    pub eval: Option<String>,
    /// Try every combination of the listed values; once for each setting
    #[arg(long, value_name = "KEY=V,V,…", help_heading = "Search")]
    pub grid: Vec<String>,
    /// Try N combinations at random
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub random: Option<usize>,
    /// Try N combinations, 10 at random, the others where the better ones were (TPE)
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub tpe: Option<usize>,
    /// What --random and --tpe vary: a list or a range; once for each setting
    #[arg(
        long,
        value_name = "KEY=RANGE",
        conflicts_with = "grid",
        help_heading = "Search"
    )]
    pub space: Vec<String>,
    /// What trials are compared by, such as MFO.fmax; `fmax` alone is its mean over the groups
    /// [default: the runner's first metric]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    pub metric: Option<String>,
    /// How many trials of TPE are chosen together, before any of them is learned from
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
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Arguments of `protea cv`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea cv knn --data data/train --folds 5
  protea cv knn --data data/train --group-by clusters_cluster.tsv --set k=10 --jobs 2
  protea cv baseline --data data/train --folds 10 --group-by taxon --seed 7 --json

The proteins are dealt to K folds, each is held out once, and the runner learns from the others.
Proteins that are much alike make a held-out fold easy: cluster them first, for example with
`mmseqs easy-cluster proteins.fasta clusters tmp --min-seq-id 0.3`, and give the table that it
writes, clusters_cluster.tsv, to --group-by; no cluster is then split over folds.

Each fold is two frozen datasets in the workspace, made once for a dataset, K, seed and grouping.
A fold that was done before with the same runner file, settings and seed is taken over. The scores
of the folds, their mean and their standard deviation are in cross_validation.tsv in the directory
of the run.")]
pub struct CvArgs {
    /// Name of the runner; `protea runners list` shows them
    pub runner: String,
    /// The frozen dataset to deal to folds [default: the example data to learn from]
    #[arg(long, value_name = "DATASET")]
    pub data: Option<String>,
    /// How many folds
    #[arg(
        long,
        value_name = "K",
        default_value_t = 5,
        help_heading = "Cross-validation"
    )]
    pub folds: usize,
    /// What is not split over folds: `taxon`, or a table of two columns, protein and cluster
    #[arg(long, value_name = "taxon|FILE", help_heading = "Cross-validation")]
    pub group_by: Option<String>,
    #[command(flatten)]
    pub many: ManyArgs,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How many runs are done.
#[derive(Debug, Args)]
pub struct ManyArgs {
    /// How many trials or folds go on at once; each gets its share of the threads
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=super::MOST))]
    pub jobs: u16,
    /// Take over nothing: compute every trial or fold anew
    #[arg(long)]
    pub recompute: bool,
}
