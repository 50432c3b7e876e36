//! `protea dataset`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::split::SplitArgs;

/// The commands on frozen datasets.
#[derive(Debug, Subcommand)]
pub enum DatasetCommand {
    /// Make a frozen dataset from the files people have
    Freeze(Box<FreezeArgs>),
    /// Split a frozen dataset for training and testing: at random, by cluster, taxon or time, or as given
    Split(Box<SplitArgs>),
    /// Compare two frozen datasets; exit code 0 if nothing differs, 1 if something does
    Diff(DiffArgs),
    /// Show what is in a frozen dataset
    Show(PlaceArgs),
    /// Check that a frozen dataset is whole and unchanged
    Verify(PlaceArgs),
}

/// A dataset by its place.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The directory of the dataset, or its URI
    pub dataset: String,
}

/// Arguments of `protea dataset diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea dataset diff data/2024-01 data/2025-01
  protea dataset diff data/2024-01 data/2025-01 --json | jq '.proteins.added | length'

Exit codes, as diff has them: 0 if nothing differs, 1 if something does, another if the datasets
cannot be compared. The text has numbers and the first few examples; --json lists everything.")]
pub struct DiffArgs {
    /// The dataset to compare from: its directory, or its URI
    pub from: String,
    /// The dataset to compare with
    pub to: String,
}

/// Arguments of `protea dataset freeze`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("vectors").args(["embeddings", "features"]),
    after_help = "\
Examples:
  protea dataset freeze data/train --name mine-train --ontology go-basic.obo \\
      --fasta train.fasta --annotations train_terms.tsv --ia IA.tsv \\
      --embeddings train.npy --ids train_ids.txt --source 'ESM-2 650M, mean'
  protea dataset freeze data/train --name mine-train --ontology go-basic.obo \\
      --fasta train.fasta --annotations goa_human.gaf.gz --features kmer --dtype f16
  protea dataset freeze data/sprot --name sprot --ontology go-basic.json.zst \\
      --fasta uniprot_sprot.fasta.gz --annotations goa_uniprot.gpa.gz --embeddings per-protein.h5

What a file is, its content tells, not its name; any of them may be compressed with gzip or zstd.
Embeddings: .npy with --ids; .npz, HDF5 or Parquet that name their rows themselves: one vector per
protein called by its accession, or a matrix and a list of texts. A frozen dataset is never changed: OUT must not be there yet.
SOURCE_DATE_EPOCH fixes the time in the manifest, so that equal inputs make equal datasets."
)]
pub struct FreezeArgs {
    /// The directory to make
    pub out: PathBuf,
    /// Name of the dataset
    #[arg(long)]
    pub name: String,
    /// The ontology: OBO or OBO Graphs JSON
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: PathBuf,
    /// The proteins' sequences
    #[arg(long)]
    pub fasta: PathBuf,
    /// The annotations: a table `EntryID term [aspect]`, as CAFA has it, GAF or GPAD
    #[arg(long, value_name = "TSV|GAF|GPAD")]
    pub annotations: PathBuf,
    /// The embeddings: .npy, .npz, HDF5 or Parquet
    #[arg(long, value_name = "FILE", help_heading = "Embeddings")]
    pub embeddings: Option<PathBuf>,
    /// The accession of each row, one per line, if the file does not name its rows
    #[arg(
        long,
        value_name = "TXT",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub ids: Option<PathBuf>,
    /// Which dataset, group, array or column holds the embeddings, if several could
    #[arg(
        long,
        value_name = "NAME",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub embeddings_key: Option<String>,
    /// Likewise the accessions of its rows
    #[arg(
        long,
        value_name = "NAME",
        requires = "embeddings",
        conflicts_with = "ids",
        help_heading = "Embeddings"
    )]
    pub ids_key: Option<String>,
    /// What made the embeddings [default: the name of their file]
    #[arg(
        long,
        value_name = "TEXT",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub source: Option<String>,
    /// Compute vectors from the sequences instead
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Embeddings")]
    pub features: Option<Features>,
    /// The type to store the numbers in [default: f16 where the file has it, else f32]
    #[arg(
        long,
        value_enum,
        value_name = "TYPE",
        requires = "vectors",
        help_heading = "Embeddings"
    )]
    pub dtype: Option<Dtype>,
    /// Information accretion of the terms, for weighted Fmax and Smin
    #[arg(long, value_name = "TSV")]
    pub ia: Option<PathBuf>,
    /// Taxa of the proteins: a table `accession taxon`, or GAF
    #[arg(long, value_name = "TSV|GAF")]
    pub taxonomy: Option<PathBuf>,
    /// The dataset that this is a new version of; its hash is recorded
    #[arg(long, value_name = "DATASET")]
    pub parent: Option<String>,
    /// Version of the dataset
    #[arg(long, id = "dataset_version", value_name = "TEXT", default_value = "1")]
    pub version: String,
    /// Licence of the data, an SPDX expression where there is one
    #[arg(
        long,
        alias = "license",
        value_name = "TEXT",
        default_value = "unspecified"
    )]
    pub licence: String,
}

/// Vectors that are computed from the sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Features {
    /// An alignment-free k-mer spectrum of fixed width
    Kmer,
}

/// Type of the numbers of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dtype {
    /// Single precision
    F32,
    /// Half precision
    F16,
}
