//! Files of embeddings, for commands that read them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A file of embeddings, and which parts of it are read.
#[derive(Debug, Args)]
pub struct EmbeddingArgs {
    /// Embeddings: .npy, .npz, HDF5, Parquet, Feather, .pt, .safetensors, CSV or TSV
    #[arg(long, value_name = "FILE", help_heading = "Embeddings")]
    pub embeddings: Option<PathBuf>,
    /// Accession of each row, one per line, if the file has no row names
    #[arg(
        long,
        value_name = "TXT",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub ids: Option<PathBuf>,
    /// Dataset, group, array, layer or column with the embeddings, if there are several
    #[arg(
        long,
        value_name = "NAME",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub embeddings_key: Option<String>,
    /// Dataset, array or column with the accessions, if there are several
    #[arg(
        long,
        value_name = "NAME",
        requires = "embeddings",
        conflicts_with = "ids",
        help_heading = "Embeddings"
    )]
    pub ids_key: Option<String>,
    /// Average embeddings of residues, if the file has a matrix per protein
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        requires = "embeddings",
        help_heading = "Embeddings"
    )]
    pub pool: Option<Pooling>,
}

/// How embeddings of residues become one of their protein.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pooling {
    /// Mean over the residues
    Mean,
}
