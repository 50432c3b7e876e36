//! `protea dataset`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{embeddings::EmbeddingArgs, ia::IaArgs, split::SplitArgs};

/// Commands for frozen datasets.
#[derive(Debug, Subcommand)]
pub enum DatasetCommand {
    /// Create a frozen dataset from FASTA, annotation and ontology files
    Freeze(Box<FreezeArgs>),
    /// Split a frozen dataset into parts for training and testing
    Split(Box<SplitArgs>),
    /// Compute the information accretion of terms from annotations
    Ia(Box<IaArgs>),
    /// Compare two frozen datasets; exit code 1 if they differ
    Diff(DiffArgs),
    /// Show the manifest of a frozen dataset
    Show(PlaceArgs),
    /// Check that a frozen dataset is complete and unchanged
    Verify(PlaceArgs),
    /// Show what a file is, what it contains, and which option reads it
    Inspect(InspectArgs),
}

/// Arguments of `protea dataset inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea dataset inspect embeddings.h5 goa_human.gaf.gz
  protea dataset inspect esm2_output/ --json

protea recognises a file by its content: embeddings, sequences, annotations,
ontologies, clusters, predictions, lists and tables. It shows the number of
rows, examples of ids, the rows that would be left out or refused, and the
option that reads the file. If a file is large, protea reads only a part of it
and says so.")]
pub struct InspectArgs {
    /// Files or directories
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// A dataset by its location.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Directory or URI of the dataset
    pub dataset: String,
}

/// Arguments of `protea dataset diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea dataset diff data/2024-01 data/2025-01
  protea dataset diff data/2024-01 data/2025-01 --json | jq '.proteins.added'

Exit codes are like those of `diff`: 0 if the datasets are equal, 1 if they
differ, another if they cannot be compared. The output shows numbers and a few
examples; --json lists everything.")]
pub struct DiffArgs {
    /// First dataset: its directory or URI
    pub from: String,
    /// Second dataset
    pub to: String,
}

/// Arguments of `protea dataset freeze`.
#[derive(Debug, Args)]
#[command(
    override_usage = "protea dataset freeze [OPTIONS] <OUT> --name <NAME> --ontology <OBO|JSON>
                             --fasta <FASTA> [--annotations <TSV|GAF|GPAD>]",
    group = ArgGroup::new("vectors").args(["embeddings", "features"]),
    after_help = "\
Examples:
  protea dataset freeze data/train --name mine-train --ontology go-basic.obo \\
      --fasta train.fasta --annotations train_terms.tsv --ia IA.tsv \\
      --embeddings train.npy --ids train_ids.txt --source 'ESM-2 650M, mean'
  protea dataset freeze data/train --name mine-train --ontology go-basic.obo \\
      --fasta train.fasta --annotations goa_human.gaf.gz --features kmer
  protea dataset freeze data/sprot --name sprot --ontology go-basic.json.zst \\
      --fasta uniprot_sprot.fasta.gz --annotations goa_uniprot.gpa.gz \\
      --embeddings per-protein.h5

protea detects formats from the content, not from the file name. Any file may be
compressed with gzip or zstd. Embeddings are .npy with --ids, or .npz, HDF5,
Parquet, Feather, PyTorch (also the directory of ESM's extract.py), safetensors,
CSV or TSV with row names: one vector per protein named by its accession, or a
matrix and a list of strings. `protea dataset inspect` shows what a file has and
which options read it. Frozen datasets are never modified: OUT must not exist
yet. SOURCE_DATE_EPOCH sets the time in the manifest, so that equal inputs
produce equal datasets."
)]
pub struct FreezeArgs {
    /// Directory to create
    pub out: PathBuf,
    /// Name of the dataset
    #[arg(long)]
    pub name: String,
    /// Ontology in OBO or OBO Graphs JSON
    #[arg(long, value_name = "OBO|JSON")]
    pub ontology: PathBuf,
    /// Sequences of the proteins
    #[arg(long)]
    pub fasta: PathBuf,
    /// Annotations: a CAFA table `EntryID term [aspect]`, GAF or GPAD; a dataset without them
    /// is only for `protea predict`
    #[arg(long, value_name = "TSV|GAF|GPAD")]
    pub annotations: Option<PathBuf>,
    #[command(flatten)]
    pub embeddings: EmbeddingArgs,
    /// Model that computed the embeddings [default: the file's name]
    #[arg(
        long,
        value_name = "TEXT",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub source: Option<String>,
    /// Compute vectors from the sequences instead of --embeddings
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Embeddings")]
    pub features: Option<Features>,
    /// Number type to store [default: f16 if the file has it, otherwise f32]
    #[arg(
        long,
        value_enum,
        value_name = "TYPE",
        requires = "vectors",
        help_heading = "Embeddings"
    )]
    pub dtype: Option<Dtype>,
    /// Evidence codes of the annotations to keep, `experimental` for those of experiments, TAS and IC,
    /// or `any` [default: any]
    #[arg(
        long,
        value_name = "CODE,CODE",
        value_delimiter = ',',
        requires = "annotations"
    )]
    pub evidence: Vec<String>,
    /// Information accretion of the terms, for weighted Fmax and Smin: a table, or `compute` to
    /// compute it from the annotations of the dataset
    #[arg(long, value_name = "TSV|compute")]
    pub ia: Option<PathBuf>,
    /// Taxa of the proteins: a table `accession taxon` or GAF
    #[arg(long, value_name = "TSV|GAF")]
    pub taxonomy: Option<PathBuf>,
    /// Lineages of the taxa: nodes.dmp of NCBI (also reads merged.dmp and delnodes.dmp in its
    /// directory), or a table `taxon parent [rank]`
    #[arg(long, value_name = "DMP|TSV")]
    pub lineages: Option<PathBuf>,
    /// Leave out damaged rows and proteins, and count them, instead of stopping
    #[arg(long)]
    pub lenient: bool,
    /// Replace obsolete terms by the terms that the ontology names in `replaced_by`
    #[arg(long)]
    pub map_obsolete: bool,
    /// Dataset of which this is a new version; its hash is recorded
    #[arg(long, value_name = "DATASET")]
    pub parent: Option<String>,
    /// Version of the dataset
    #[arg(long, id = "dataset_version", value_name = "TEXT", default_value = "1")]
    pub version: String,
    /// Licence of the data, as an SPDX expression if possible
    #[arg(
        long,
        alias = "license",
        value_name = "TEXT",
        default_value = "unspecified"
    )]
    pub licence: String,
}

/// Vectors computed from the sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Features {
    /// Alignment-free k-mer spectrum of fixed width
    Kmer,
}

/// The number type of embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dtype {
    /// Single precision
    F32,
    /// Half precision
    F16,
}
