//! `protea store`.

use clap::{Args, Subcommand};

const SCHEMES: &str = "\
A place is a path, or a URI:
  file:///data/train         this machine
  s3://bucket/train          Amazon S3, and what speaks its language (AWS_ENDPOINT_URL)
  gs://bucket/train          Google Cloud Storage
  az://container/train       Azure Blob Storage (AZURE_STORAGE_ACCOUNT_NAME)
  https://example.org/train  a web server; read only

Credentials are taken as the stores' own tools take them, from the environment, profiles or the
machine, and are never logged or recorded. `protea store` is written up in the book's chapter Stores.";

/// The commands on stores.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// List what lies at a place
    Ls(LsArgs),
    /// Copy a file or a published directory, checked on arrival; nothing is overwritten
    Cp(CpArgs),
    /// Check every file of a directory against its manifest, where it lies
    Verify(VerifyArgs),
    /// Show what the cache of fetched things holds, or clear it
    Cache(CacheArgs),
}

/// Arguments of `protea store ls`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct LsArgs {
    /// The place
    #[arg(value_name = "PLACE")]
    pub place: String,
    /// Everything below it, not only what lies directly there
    #[arg(long, short)]
    pub recursive: bool,
    /// How many entries to show; 0 stands for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: usize,
}

/// Arguments of `protea store cp`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct CpArgs {
    /// A file or a directory
    #[arg(value_name = "FROM")]
    pub from: String,
    /// Where it goes; must not be there yet. A file keeps its name where this ends with / or is a
    /// directory
    #[arg(value_name = "TO")]
    pub to: String,
}

/// Arguments of `protea store verify`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMES)]
pub struct VerifyArgs {
    /// The directory, with its dataset.json or store_manifest.json
    #[arg(value_name = "PLACE")]
    pub place: String,
}

/// Arguments of `protea store cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Throw away everything that no process uses
    #[arg(long)]
    pub clear: bool,
}
