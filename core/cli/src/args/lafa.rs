//! `protea lafa`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{LockArgs, RunnerArgs};

/// Arguments of `protea lafa`. The names are those of the guide of LAFA, with underscores.
#[derive(Debug, Args)]
#[command(
    override_usage = "protea lafa [OPTIONS] --query_file <FASTA> --train_sequences <FASTA>
                   --annot_file <GAF> --graph <OBO> --output_file <TSV>",
    after_help = "\
Example:
  protea lafa -q queries.fasta --train_sequences train.fasta -a goa.gaf.gz \\
      --graph go-basic.obo -o predictions.tsv.gz --num_threads 8

This is the entry point of a container for LAFA, the continuous assessment of
function annotation; examples/lafa/ has a Containerfile. It fits a method on
the training sequences and predicts for the queries, with the code of
`protea predict`. It checks its inputs first, asks no questions, works in a
temporary directory that it removes, and exits with a code other than 0 and a
message if it fails.

The output has three columns, query id, GO term and score in (0, 1], separated
by tabs, without a header. It replaces an existing file, and only when it is
complete. The id of `>sp|P12345|NAME` is P12345, otherwise the first word.

Every file may be compressed with gzip, and with zstd in full builds."
)]
pub struct LafaArgs {
    /// Sequences of the proteins to predict for
    #[arg(long = "query_file", short = 'q', value_name = "FASTA")]
    pub query_file: PathBuf,
    /// Sequences of the proteins to train on
    #[arg(long = "train_sequences", value_name = "FASTA")]
    pub train_sequences: PathBuf,
    /// Annotations of the proteins to train on
    #[arg(long = "annot_file", short = 'a', value_name = "GAF")]
    pub annot_file: PathBuf,
    /// The Gene Ontology
    #[arg(long, value_name = "OBO")]
    pub graph: PathBuf,
    /// File to write; a name that ends with .gz is compressed
    #[arg(long = "output_file", short = 'o', value_name = "TSV")]
    pub output_file: PathBuf,
    /// Threads to use; 0 means one per core
    #[arg(long = "num_threads", value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub num_threads: usize,
    /// How to predict; the last one counts if it is given twice
    #[arg(long, value_enum, default_value_t = LafaMethod::Knn, overrides_with = "method")]
    pub method: LafaMethod,
    /// Print only warnings and errors on standard error
    // The guide takes the short form -q for the queries. An argument with the id of the global one
    // replaces it here.
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    pub runners: RunnerArgs,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// How `protea lafa` predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LafaMethod {
    /// Nearest neighbours by k-mer vectors: the runner knn
    Knn,
    /// Alignment with DIAMOND: the runner baseline
    Diamond,
    /// Alignment with NCBI BLAST+: the runner baseline
    Blast,
    /// Alignment with MMseqs2: the runner baseline
    Mmseqs,
    /// The frequency of each term: the runner baseline
    Naive,
}
