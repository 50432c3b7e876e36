//! Which runners may be dispatched.

use std::path::PathBuf;

use clap::Args;
use protea_core::catalog::LOCK_FILE;

/// Which runners may be dispatched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub struct LockArgs {
    /// Dispatch only a runner that is pinned in the lock file; `protea runners lock` writes it
    #[arg(long)]
    pub locked: bool,
    /// The lock file
    #[arg(long, value_name = "FILE", requires = "locked", default_value = LOCK_FILE)]
    pub lock_file: PathBuf,
}
