//! `protea dataset split`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `protea dataset split`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea dataset split data/all data/split --by random --test 0.2 --validation 0.1 --seed 7
  protea dataset split data/all data/split --by cluster --min-seq-id 0.3
  protea dataset split data/all data/split --by cluster --clusters clusters_cluster.tsv
  protea dataset split data/all data/split --by taxon --test-taxa 9606,10090
  protea dataset split data/all data/split --by given --test-ids held_out.txt
  protea dataset split data/2024-01 data/targets --by time --later data/2025-01

The parts are frozen datasets in OUT: train, test and perhaps validation; by time, no-knowledge,
limited-knowledge and partial-knowledge, with the ground truth of each beside it as a table, and
known.tsv for `protea cafa --known`. To learn from, there is then DATASET itself. OUT appears
whole or not at all, and must not be there yet.")]
pub struct SplitArgs {
    /// The dataset to split; by time, the one of the earlier release
    pub dataset: String,
    /// The directory to make
    pub out: PathBuf,
    /// Which protein goes where
    #[arg(long, value_enum)]
    pub by: SplitBy,
    /// Share of the proteins for testing [default: 0.2]
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Random, by cluster, by taxon")]
    pub test: Option<f64>,
    /// Share of the proteins for choosing settings [default: none]
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Random, by cluster, by taxon")]
    pub validation: Option<f64>,
    /// Which of the ways to deal the proteins [default: 0]
    #[arg(long, value_name = "N", help_heading = "Random, by cluster, by taxon")]
    pub seed: Option<u64>,
    /// Two columns, protein and cluster in either order, as MMseqs2 writes them [default: computed by MMseqs2]
    #[arg(
        long,
        value_name = "TSV",
        conflicts_with = "min_seq_id",
        help_heading = "By cluster"
    )]
    pub clusters: Option<PathBuf>,
    /// Least identity within a computed cluster [default: 0.3]
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "By cluster")]
    pub min_seq_id: Option<f64>,
    /// NCBI numbers of the taxa for testing, in place of a share
    #[arg(
        long,
        value_name = "N,N",
        conflicts_with_all = ["test", "validation", "seed"], value_delimiter = ',',
        help_heading = "By taxon"
    )]
    pub test_taxa: Vec<u32>,
    /// NCBI numbers of the taxa for choosing settings
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        requires = "test_taxa",
        help_heading = "By taxon"
    )]
    pub validation_taxa: Vec<u32>,
    /// The accessions for testing, one per line
    #[arg(
        long,
        value_name = "TXT",
        required_if_eq("by", "given"),
        help_heading = "Given"
    )]
    pub test_ids: Option<PathBuf>,
    /// The accessions for choosing settings
    #[arg(long, value_name = "TXT", help_heading = "Given")]
    pub validation_ids: Option<PathBuf>,
    /// The accessions to learn from [default: all that are in no other list]
    #[arg(long, value_name = "TXT", help_heading = "Given")]
    pub train_ids: Option<PathBuf>,
    /// The dataset of the later release
    #[arg(
        long,
        value_name = "DATASET",
        required_if_eq("by", "time"),
        help_heading = "By time"
    )]
    pub later: Option<String>,
    /// Evidence codes that count, or `any` [default: the experimental ones, TAS and IC]
    #[arg(
        long,
        value_name = "CODE,CODE",
        value_delimiter = ',',
        help_heading = "By time"
    )]
    pub evidence: Vec<String>,
    /// Leave out targets whose ground truth in molecular function is GO:0005515 alone, as CAFA3 does
    #[arg(long, help_heading = "By time")]
    pub no_protein_binding: bool,
}

/// Which protein goes where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitBy {
    /// As lists of accessions say
    Given,
    /// Every protein by itself, at random
    Random,
    /// Whole clusters of proteins
    Cluster,
    /// Whole taxa
    Taxon,
    /// What was known of a protein in an earlier release, and what came to be known by a later one
    Time,
}

impl SplitArgs {
    /// The option that does not belong to the way of splitting, if one was given.
    pub fn out_of_place(&self) -> Option<&'static str> {
        use SplitBy::{Cluster, Given, Random, Taxon, Time};
        let given: [(&'static str, bool, &[SplitBy]); 13] = [
            ("--test", self.test.is_some(), &[Random, Cluster, Taxon]),
            (
                "--validation",
                self.validation.is_some(),
                &[Random, Cluster, Taxon],
            ),
            ("--seed", self.seed.is_some(), &[Random, Cluster, Taxon]),
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
        let misplaced = |(_, given, of): &&(_, bool, &[SplitBy])| *given && !of.contains(&self.by);
        given.iter().find(misplaced).map(|(name, _, _)| *name)
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("give a share between 0 and 1, such as 0.2".to_owned()),
    }
}
