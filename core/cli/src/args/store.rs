//! `protea store`.

use clap::{Args, Subcommand};

const SCHEMES: &str = "\
A place is a path or a URI:
  file:///data/train         this machine
  s3://bucket/train          Amazon S3 and compatible (AWS_ENDPOINT_URL)
  gs://bucket/train          Google Cloud Storage
  az://container/train       Azure Blob Storage (AZURE_STORAGE_ACCOUNT_NAME)
  https://example.org/train  a web server; read only

protea finds credentials as the stores' own tools do: in the environment, in
profiles or from the machine. It never logs or records them. See the chapter
Stores of the book.

Example:
  protea store cp data/train s3://lab/train";

/// Commands for stores.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// List files and directories
    Ls(LsArgs),
    /// Copy a file or a published directory and check it; nothing is overwritten
    Cp(CpArgs),
    /// Check every file of a directory against its manifest
    Verify(VerifyArgs),
    /// Show or clear the cache of fetched datasets and models
    Cache(CacheArgs),
}

/// Arguments of `protea store ls`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct LsArgs {
    /// Path or URI
    #[arg(value_name = "PLACE")]
    pub place: String,
    /// Also list the content of directories
    #[arg(long, short)]
    pub recursive: bool,
    /// Maximum number of entries to show; 0 means all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: usize,
}

/// Arguments of `protea store cp`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct CpArgs {
    /// File or directory
    #[arg(value_name = "FROM")]
    pub from: String,
    /// Destination; must not exist yet. A file keeps its name if this ends with / or is a directory
    #[arg(value_name = "TO")]
    pub to: String,
}

/// Arguments of `protea store verify`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct VerifyArgs {
    /// Directory with a dataset.json or store_manifest.json
    #[arg(value_name = "PLACE")]
    pub place: String,
}

/// Arguments of `protea store cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Delete everything that no process uses
    #[arg(long)]
    pub clear: bool,
}
