//! `protea predict`.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{ArgGroup, Args, ValueEnum};

use super::{
    EmbeddingArgs, ExecutionArgs, Features, PlanArgs,
    experiment::SpecArgs,
    plan::{OTHER_MACHINES, at_least_one},
};

const EXAMPLES: &str = "\
Examples:
  protea predict 1a2b3c --fasta new.fasta --embeddings new.h5 -o terms.tsv
  protea predict exported-knn --fasta new.fasta --embeddings new.npy --ids ids
  protea predict baseline --train data/train --set method=diamond \\
      --fasta new.fasta.gz --top 20 -o terms.tsv
  protea predict 1a2b3c --fasta new.fasta --taxonomy taxa --lineages nodes.dmp
  protea predict 1a2b3c --dataset data/new --format gaf -o new.gaf.gz
  protea predict 1a2b3c --dataset data/new -o new.tsv --plan plan \\
      --query-shards 4 --reference-shards 10
  zcat new.fasta.gz | protea predict 1a2b3c --fasta - --format json | jq .

MODEL is a run of the workspace (its id, a unique start or end of it, its
directory, or `latest`), or the directory or URI of an export. With --train, it
is the name of a runner, which protea fits first.

Formats:
  table  accession, term, name, aspect, score; with a header, without the roots
  tsv    accession, term, score: the format of CAFA; no header, all terms
  kaggle  the same with three significant figures, at most 1,500 terms a protein
  gaf    GAF 2.2 with the evidence code IEA; without the roots
  json   one line per protein; all terms
  topgo  accession, then its terms separated by commas; without the roots
  parquet  the columns of table; all terms; in a full build, with --output";

/// Arguments of `protea predict`.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    group = ArgGroup::new("queries").args(["fasta", "dataset"]).required(true),
)]
pub struct PredictArgs {
    /// Run, exported directory or URI; with --train, the name of a runner
    pub model: String,
    /// Sequences of the proteins to predict for; `-` is standard input
    #[arg(long, help_heading = "Proteins")]
    pub fasta: Option<PathBuf>,
    /// Frozen dataset of the proteins to predict for, with or without annotations
    #[arg(
        long,
        value_name = "DATASET",
        conflicts_with_all = ["embeddings", "features", "taxonomy", "lineages"],
        help_heading = "Proteins"
    )]
    pub dataset: Option<String>,
    #[command(flatten)]
    pub embeddings: EmbeddingArgs,
    /// Model that computed the embeddings, to compare it with that of the training set
    #[arg(
        long,
        value_name = "TEXT",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub source: Option<String>,
    /// Compute vectors from the sequences [default: if the training set has such vectors]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        requires = "fasta",
        conflicts_with = "embeddings",
        help_heading = "Proteins"
    )]
    pub features: Option<Features>,
    /// Taxa of the proteins: a table `accession taxon` or GAF [default: OX= in the FASTA headers]
    #[arg(
        long,
        value_name = "TSV|GAF",
        requires = "fasta",
        help_heading = "Proteins"
    )]
    pub taxonomy: Option<PathBuf>,
    /// Lineages of taxa that the training set does not have: nodes.dmp of NCBI, or a table
    #[arg(
        long,
        value_name = "DMP|TSV",
        requires = "fasta",
        help_heading = "Proteins"
    )]
    pub lineages: Option<PathBuf>,
    /// Ontology with the names of the terms [default: that of the training set]
    #[arg(long, value_name = "OBO|JSON", help_heading = "Proteins")]
    pub ontology: Option<PathBuf>,
    /// Frozen dataset to fit on; MODEL is then the name of a runner
    #[arg(long, value_name = "DATASET", help_heading = "Model")]
    pub train: Option<String>,
    /// Use the current file of the runner, even if it has changed since the run
    #[arg(long, help_heading = "Model")]
    pub allow_other_runner: bool,
    /// File to write; a name that ends with .gz is compressed [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the files of --output and --unpredicted if they exist
    #[arg(long, requires = "output")]
    pub force: bool,
    /// What to write
    #[arg(long, value_enum, default_value_t = PredictionFormat::Table)]
    pub format: PredictionFormat,
    /// Write at most this many terms per protein, highest scores first; 0 means all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub top: usize,
    /// Leave out terms with a lower score
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, value_parser = score)]
    pub minimum_score: f64,
    /// Write only terms of this aspect; repeatable
    #[arg(long = "aspect", value_enum, ignore_case = true, value_name = "ASPECT")]
    pub aspects: Vec<PredictionAspect>,
    /// Leave out terms that have a descendant among the protein's predicted terms
    #[arg(long)]
    pub most_specific: bool,
    /// List the N largest contributions to each prediction [default N: 3]; formats table and json
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "3"
    )]
    pub evidence: Option<NonZeroUsize>,
    /// File for the proteins without a prediction, with the reason
    #[arg(long, value_name = "FILE")]
    pub unpredicted: Option<PathBuf>,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub shards: ShardArgs,
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How the work of a planned prediction is split.
#[derive(Debug, Clone, Args)]
pub struct ShardArgs {
    /// With --plan, split the proteins to predict for into M parts
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "M", default_value_t = 1, value_parser = at_least_one)]
    pub query_shards: usize,
    /// With --plan, split the references of the model into N parts, if the runner can search parts of
    /// them; with --query-shards, M × N tasks
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub reference_shards: usize,
    /// Tasks at once, with --engine local
    #[arg(help_heading = OTHER_MACHINES, long, short, value_name = "N", default_value_t = 1, requires = "engine", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
}

/// What `protea predict` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PredictionFormat {
    /// Tab-separated, with names and a header
    Table,
    /// Tab-separated, the format of CAFA
    Tsv,
    /// The same by the rules of Kaggle: three significant figures, at most 1,500 terms per protein
    Kaggle,
    /// GO annotation file 2.2
    Gaf,
    /// JSON lines
    Json,
    /// Genes and their terms, for topGO
    Topgo,
    /// Parquet, in a full build
    Parquet,
}

/// An aspect of the Gene Ontology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PredictionAspect {
    /// Molecular function
    #[value(alias = "f", alias = "mf")]
    Mfo,
    /// Biological process
    #[value(alias = "p", alias = "bp")]
    Bpo,
    /// Cellular component
    #[value(alias = "c", alias = "cc")]
    Cco,
}

fn score(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(score) if (0.0..=1.0).contains(&score) => Ok(score),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}
