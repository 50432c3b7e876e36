//! `protea dataset split`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `protea dataset split`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea dataset split data/all data/split --by random --test 0.2 --seed 7
  protea dataset split data/all data/split --by cluster --min-seq-id 0.3
  protea dataset split data/all data/split --by cluster --clusters clusters.tsv
  protea dataset split data/all data/split --by taxon --test-taxa 9606,10090
  protea dataset split data/all data/split --by clade --test-clades 40674
  protea dataset split data/all data/split --by clade --rank family --test 0.2
  protea dataset split data/all data/split --by given --test-ids held_out.txt
  protea dataset split data/2024-01 data/targets --by time --later data/2025-01

The parts are frozen datasets in OUT: train, test and, on request, validation.
A split by time creates no-knowledge, limited-knowledge and partial-knowledge,
each with its ground truth as a table, and known.tsv for `protea cafa --known`.
For such a split, train on DATASET itself. OUT must not exist yet; protea
creates it completely or not at all.")]
pub struct SplitArgs {
    /// Dataset to split; with --by time, that of the earlier release
    pub dataset: String,
    /// Directory to create
    pub out: PathBuf,
    /// How proteins are assigned to parts
    #[arg(long, value_enum)]
    pub by: SplitBy,
    /// Fraction of the proteins for testing [default: 0.2]
    #[arg(long, value_name = "FRACTION", value_parser = fraction, help_heading = "Random, by cluster, by taxon, by clade")]
    pub test: Option<f64>,
    /// Fraction of the proteins for choosing settings [default: none]
    #[arg(long, value_name = "FRACTION", value_parser = fraction, help_heading = "Random, by cluster, by taxon, by clade")]
    pub validation: Option<f64>,
    /// Seed of the random assignment [default: 0]
    #[arg(
        long,
        value_name = "N",
        help_heading = "Random, by cluster, by taxon, by clade"
    )]
    pub seed: Option<u64>,
    /// Table of protein and cluster in either order, as MMseqs2 writes it [default: computed with
    /// MMseqs2]
    #[arg(
        long,
        value_name = "TSV",
        conflicts_with = "min_seq_id",
        help_heading = "By cluster"
    )]
    pub clusters: Option<PathBuf>,
    /// Minimum sequence identity in a computed cluster [default: 0.3]
    #[arg(long, value_name = "FRACTION", value_parser = fraction, help_heading = "By cluster")]
    pub min_seq_id: Option<f64>,
    /// NCBI ids of the taxa for testing, instead of a fraction
    #[arg(
        long,
        value_name = "N,N",
        conflicts_with_all = ["test", "validation", "seed"], value_delimiter = ',',
        help_heading = "By taxon"
    )]
    pub test_taxa: Vec<u32>,
    /// NCBI ids of the taxa for choosing settings
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        requires = "test_taxa",
        help_heading = "By taxon"
    )]
    pub validation_taxa: Vec<u32>,
    /// NCBI ids of the clades for testing, instead of --rank: each is a taxon and all below it
    #[arg(
        long,
        value_name = "N,N",
        conflicts_with_all = ["test", "validation", "seed", "rank"], value_delimiter = ',',
        help_heading = "By clade"
    )]
    pub test_clades: Vec<u32>,
    /// NCBI ids of the clades for choosing settings
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        requires = "test_clades",
        help_heading = "By clade"
    )]
    pub validation_clades: Vec<u32>,
    /// Rank whose clades are assigned at random, such as family
    #[arg(long, value_name = "RANK", help_heading = "By clade")]
    pub rank: Option<String>,
    /// Accessions for testing, one per line
    #[arg(
        long,
        value_name = "TXT",
        required_if_eq("by", "given"),
        help_heading = "Given"
    )]
    pub test_ids: Option<PathBuf>,
    /// Accessions for choosing settings, one per line
    #[arg(long, value_name = "TXT", help_heading = "Given")]
    pub validation_ids: Option<PathBuf>,
    /// Accessions to train on, one per line [default: all that are in no other list]
    #[arg(long, value_name = "TXT", help_heading = "Given")]
    pub train_ids: Option<PathBuf>,
    /// Dataset of the later release
    #[arg(
        long,
        value_name = "DATASET",
        required_if_eq("by", "time"),
        help_heading = "By time"
    )]
    pub later: Option<String>,
    /// Evidence codes that count, or `any` [default: experimental codes, TAS and IC]
    #[arg(
        long,
        value_name = "CODE,CODE",
        value_delimiter = ',',
        help_heading = "By time"
    )]
    pub evidence: Vec<String>,
    /// Exclude targets whose only term in molecular function is GO:0005515, as in CAFA3
    #[arg(long, help_heading = "By time")]
    pub no_protein_binding: bool,
}

/// How proteins are assigned to parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitBy {
    /// By lists of accessions
    Given,
    /// Each protein at random
    Random,
    /// Clusters of proteins at random
    Cluster,
    /// Taxa at random, or as listed
    Taxon,
    /// Clades at random, or as listed; needs a dataset with lineages
    Clade,
    /// By the annotations that proteins gained between two releases
    Time,
}

impl SplitArgs {
    /// An option that was given and does not apply to this `--by`, if any.
    pub fn misplaced_option(&self) -> Option<&'static str> {
        use SplitBy::{Clade, Cluster, Given, Random, Taxon, Time};
        let shares: &[SplitBy] = &[Random, Cluster, Taxon, Clade];
        let options: [(&'static str, bool, &[SplitBy]); 16] = [
            ("--test", self.test.is_some(), shares),
            ("--validation", self.validation.is_some(), shares),
            ("--seed", self.seed.is_some(), shares),
            ("--test-clades", !self.test_clades.is_empty(), &[Clade]),
            (
                "--validation-clades",
                !self.validation_clades.is_empty(),
                &[Clade],
            ),
            ("--rank", self.rank.is_some(), &[Clade]),
            ("--clusters", self.clusters.is_some(), &[Cluster]),
            ("--min-seq-id", self.min_seq_id.is_some(), &[Cluster]),
            ("--test-taxa", !self.test_taxa.is_empty(), &[Taxon]),
            (
                "--validation-taxa",
                !self.validation_taxa.is_empty(),
                &[Taxon],
            ),
            ("--test-ids", self.test_ids.is_some(), &[Given]),
            ("--validation-ids", self.validation_ids.is_some(), &[Given]),
            ("--train-ids", self.train_ids.is_some(), &[Given]),
            ("--later", self.later.is_some(), &[Time]),
            ("--evidence", !self.evidence.is_empty(), &[Time]),
            ("--no-protein-binding", self.no_protein_binding, &[Time]),
        ];
        let is_misplaced = |(_, is_given, applies_to): &&(_, bool, &[SplitBy])| {
            *is_given && !applies_to.contains(&self.by)
        };
        options.iter().find(is_misplaced).map(|(name, _, _)| *name)
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(fraction),
        _ => Err("give a fraction between 0 and 1, such as 0.2".to_owned()),
    }
}
