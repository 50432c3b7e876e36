//! `protea predictions`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{PredictionAspect, WorkspaceArgs};

/// Commands for files of predictions.
#[derive(Debug, Subcommand)]
pub enum PredictionsCommand {
    /// Combine the predictions of several methods
    Merge(PredictionsMergeArgs),
    /// Give each term at least the score of its children
    Propagate(PredictionsPropagateArgs),
    /// Keep some proteins, terms or scores only
    Cut(PredictionsCutArgs),
    /// Find what Kaggle, CAFA or LAFA would refuse
    Validate(PredictionsValidateArgs),
    /// Compare two files
    Diff(PredictionsDiffArgs),
    /// Count proteins, terms and scores
    Stats(PredictionsStatsArgs),
    /// Write another format
    Convert(PredictionsConvertArgs),
    /// Show predictions with the names of the terms
    Show(PredictionsShowArgs),
}

/// Where the result goes, and in which format.
#[derive(Debug, Args)]
pub struct PredictionsOutputArgs {
    /// File to write; a name that ends with .gz is compressed [default: standard output]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Replace the file of --output if it exists
    #[arg(long, requires = "output", help_heading = "Output")]
    pub force: bool,
    /// What to write; table, gaf, json and topgo need --ontology
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PredictionsFormat::Tsv, help_heading = "Output")]
    pub format: PredictionsFormat,
    /// Team, for --format cafa: one word
    #[arg(long, value_name = "TEAM", help_heading = "Output")]
    pub author: Option<String>,
    /// Number of the model, for --format cafa
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3), help_heading = "Output")]
    pub model: u8,
    /// Keyword of CAFA's list, for --format cafa; repeatable
    #[arg(long = "keyword", value_name = "KEYWORD", help_heading = "Output")]
    pub keywords: Vec<String>,
    /// Name of the method, for --format gaf: one word
    #[arg(
        long,
        value_name = "NAME",
        default_value = "predictions",
        help_heading = "Output"
    )]
    pub method: String,
}

impl PredictionsOutputArgs {
    /// A table on standard output.
    pub fn table() -> Self {
        Self {
            output: None,
            force: false,
            format: PredictionsFormat::Table,
            author: None,
            model: 1,
            keywords: Vec::new(),
            method: "predictions".to_owned(),
        }
    }
}

/// Resources, and where runs are found that are named in place of a file.
#[derive(Debug, Args)]
pub struct PredictionsMemoryArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Memory for rows in MiB; more rows go to a file in the temporary directory (TMPDIR)
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20), help_heading = "Resources")]
    pub memory: u64,
    /// Threads; 0 means one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads, help_heading = "Resources")]
    pub threads: usize,
}

const MERGE: &str = "\
Examples:
  protea predictions merge knn.tsv diamond.tsv -o both.tsv
  protea predictions merge knn.tsv diamond.tsv --weights 0.7,0.3 -o both.tsv.gz
  protea predictions merge a.tsv b.tsv c.tsv --by rank -o all.tsv

A protein and term that a file lacks counts as predicted with 0, as in CAFA;
--absent ignore takes the mean over the files that have it. Scores are rounded
to six decimals. The rows of a file may be in any order.";

/// Arguments of `protea predictions merge`.
#[derive(Debug, Args)]
#[command(after_help = MERGE)]
pub struct PredictionsMergeArgs {
    /// Files of predictions; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How the scores of a protein for a term are combined
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = MergeBy::Mean)]
    pub by: MergeBy,
    /// Weight of each file, in their order, such as 0.7,0.3 [default: equal weights]
    #[arg(long, value_name = "W,…", value_delimiter = ',')]
    pub weights: Vec<f64>,
    /// What a file counts for that lacks a protein and term
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = AbsentAs::Zero)]
    pub absent: AbsentAs,
    /// Ontology with names and aspects, for the formats that have them
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub output: PredictionsOutputArgs,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// How scores are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MergeBy {
    /// Weighted mean
    Mean,
    /// Highest score
    Max,
    /// Weighted geometric mean
    Geometric,
    /// Weighted mean of the ranks within each file
    Rank,
}

/// What an absent score is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AbsentAs {
    /// A score of 0
    Zero,
    /// Nothing
    Ignore,
}

/// Arguments of `protea predictions propagate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions propagate mine.tsv --ontology go-basic.obo -o all.tsv

As in cafaeval: over is_a and part_of within an aspect; alternative ids become
primary ones; terms that are obsolete or not in the ontology are left out and
counted.")]
pub struct PredictionsPropagateArgs {
    /// File of predictions; `-` is standard input
    pub file: PathBuf,
    /// Ontology
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: PathBuf,
    /// What a parent that already has a score gets
    #[arg(long, value_enum, value_name = "RULE", default_value_t = PropagateBy::Max)]
    pub prop: PropagateBy,
    #[command(flatten)]
    pub output: PredictionsOutputArgs,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// How scores are propagated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PropagateBy {
    /// At least the highest score of its children
    Max,
    /// Its own score
    Fill,
}

/// Arguments of `protea predictions cut`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions cut mine.tsv --format kaggle -o submission.tsv
  protea predictions cut mine.tsv --minimum-score 0.01 --proteins targets.fasta
  protea predictions cut mine.tsv --ontology go-basic.obo --most-specific

The filters apply in the order of this list. 1,500 terms per protein is what
CAFA and Kaggle allow.")]
pub struct PredictionsCutArgs {
    /// File of predictions; `-` is standard input
    pub file: PathBuf,
    /// Only these proteins: a list of accessions, or FASTA
    #[arg(long, value_name = "FILE", help_heading = "Filters")]
    pub proteins: Option<PathBuf>,
    /// Only these terms: a list of ids
    #[arg(long, value_name = "FILE", help_heading = "Filters")]
    pub terms: Option<PathBuf>,
    /// Only terms of this aspect; repeatable
    #[arg(
        long = "aspect",
        value_enum,
        ignore_case = true,
        value_name = "ASPECT",
        requires = "ontology",
        help_heading = "Filters"
    )]
    pub aspects: Vec<PredictionAspect>,
    /// Only scores of at least this
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 0.0,
        value_parser = finite,
        help_heading = "Filters"
    )]
    pub minimum_score: f64,
    /// Leave out terms that have a descendant among the protein's terms
    #[arg(long, requires = "ontology", help_heading = "Filters")]
    pub most_specific: bool,
    /// At most this many terms per protein and aspect, highest scores first; 0 means all
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        requires = "ontology",
        help_heading = "Filters"
    )]
    pub top_per_aspect: usize,
    /// At most this many terms per protein, highest scores first; 0 means all
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Filters")]
    pub top: usize,
    /// Ontology, for the filters and formats that need it
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub output: PredictionsOutputArgs,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// Arguments of `protea predictions validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions validate submission.tsv --rules kaggle
  protea predictions validate mine.tsv --rules lafa --proteins targets.fasta
  protea predictions validate team_1_9606_go.txt --rules cafa

The exit code is 3 if the rules refuse a file. Warnings do not count.")]
pub struct PredictionsValidateArgs {
    /// Files of predictions; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Whose rules
    #[arg(long, value_enum, value_name = "RULES")]
    pub rules: RulesOf,
    /// The targets: a list of accessions, or FASTA
    #[arg(long, value_name = "FILE")]
    pub proteins: Option<PathBuf>,
    /// Ontology of the challenge: also warn of terms that it does not have
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesOf {
    /// CAFA 5 and CAFA 6 on Kaggle
    Kaggle,
    /// CAFA 2 to CAFA 4, with AUTHOR, MODEL, KEYWORDS and END
    Cafa,
    /// LAFA
    Lafa,
}

/// Arguments of `protea predictions diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions diff before.tsv after.tsv
  protea predictions diff a.tsv b.tsv.gz --tolerance 1e-6

The exit code is 1 if the files differ.")]
pub struct PredictionsDiffArgs {
    /// First file; `-` is standard input
    pub first: PathBuf,
    /// Second file
    pub second: PathBuf,
    /// Scores that differ by at most this are equal
    #[arg(long, value_name = "DIFFERENCE", default_value_t = 0.0)]
    pub tolerance: f64,
    /// Ontology: count by aspect too
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// Arguments of `protea predictions stats`.
#[derive(Debug, Args)]
pub struct PredictionsStatsArgs {
    /// File of predictions; `-` is standard input
    pub file: PathBuf,
    /// Ontology: count by aspect too
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// Arguments of `protea predictions convert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions convert terms.parquet -o terms.tsv.gz
  protea predictions convert mine.tsv --format kaggle -o submission.tsv
  protea predictions convert mine.tsv --format cafa --author myteam -o my_1.txt
  protea predictions convert mine.tsv --format json --ontology go-basic.obo

The format of the input is recognised by its content: CAFA's with or without
header, protea's table, GAF, JSON lines, topGO's map or, in a full build,
Parquet and Feather. GAF and topGO's map have no scores: each prediction has the
score 1.")]
pub struct PredictionsConvertArgs {
    /// File of predictions; `-` is standard input
    pub file: PathBuf,
    /// Ontology with names and aspects, for the formats that have them
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub output: PredictionsOutputArgs,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// Arguments of `protea predictions show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea predictions show latest --protein P12345
  protea predictions show latest --minimum-score 0.3 --top 10
  protea predictions show mine.tsv --ontology go-basic.obo

The ontology of a run is that of the dataset that it was scored on.")]
pub struct PredictionsShowArgs {
    /// Run, or file of predictions; `-` is standard input
    pub file: PathBuf,
    /// Only this protein; repeatable
    #[arg(long = "protein", value_name = "ACCESSION")]
    pub proteins: Vec<String>,
    /// Only terms of this aspect; repeatable
    #[arg(long = "aspect", value_enum, ignore_case = true, value_name = "ASPECT")]
    pub aspects: Vec<PredictionAspect>,
    /// Only scores of at least this, such as the `tau` beside the Fmax of a run
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, value_parser = finite)]
    pub minimum_score: f64,
    /// At most this many terms per protein, highest scores first; 0 means all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub top: usize,
    /// Leave out terms that have a descendant among the protein's terms
    #[arg(long)]
    pub most_specific: bool,
    /// Ontology with the names of the terms [default: that of the run]
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: Option<PathBuf>,
    #[command(flatten)]
    pub resources: PredictionsMemoryArgs,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PredictionsFormat {
    /// Accession, term, score: what LAFA takes
    Tsv,
    /// The same with three significant figures and at most 1,500 terms per protein, as Kaggle wants
    Kaggle,
    /// The same with two decimals, and CAFA's AUTHOR, MODEL, KEYWORDS and END
    Cafa,
    /// Tab-separated, with names and a header
    Table,
    /// GO annotation file 2.2
    Gaf,
    /// JSON lines
    Json,
    /// Genes and their terms, for topGO
    Topgo,
    /// Parquet, in a full build
    Parquet,
}

/// Parses a score. Files may have scores above 1.
fn finite(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|score: &f64| score.is_finite());
    score.ok_or_else(|| "give a number".to_owned())
}
