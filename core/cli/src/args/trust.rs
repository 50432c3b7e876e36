//! Which runners are trusted.

use std::path::PathBuf;

use clap::Args;
use protea_core::catalog::LOCK_FILE;

/// Which runners are trusted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub struct LockArgs {
    /// Use only runners pinned in the lock file that `protea runners lock` writes
    #[arg(long)]
    pub locked: bool,
    /// Lock file
    #[arg(long, value_name = "FILE", requires = "locked", default_value = LOCK_FILE)]
    pub lock_file: PathBuf,
}
