//! `protea runners`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protea_core::catalog::LOCK_FILE;

use super::{IsolationArgs, LockArgs, RunnerArgs};

/// Commands for runners.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Search path, first match wins: --runner-dir, PROTEA_RUNNER_PATH, the directory
of the executable, ~/.local/share/protea/runners,
/usr/local/lib/protea/runners, /usr/lib/protea/runners. protea inspects files
without running their code.

On Unix a runner is refused if its file or directory belongs to a user other
than you and root, or is writable by its group or everyone;
--allow-insecure-dir overrides this.")]
pub enum RunnersCommand {
    /// List usable runners; unusable ones are listed on standard error
    List {
        #[command(flatten)]
        runners: RunnerArgs,
    },
    /// Show the settings and metrics of a runner
    Info(InfoArgs),
    /// Show which file a runner is loaded from, and why other files are not used
    Where(NamedArgs),
    /// Pin the SHA-256 of the runners on the search path, for --locked
    Lock(PinArgs),
    /// Create a crate for a new runner from a template
    New(NewArgs),
    /// Check a runner and install it for the current user
    Install(InstallArgs),
    /// Test whether runners conform to the contract
    #[cfg(unix)]
    Check(super::CheckArgs),
    /// Test a runner with random specs and damaged models
    #[cfg(unix)]
    Fuzz(super::FuzzArgs),
}

/// Arguments of `protea runners lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runners lock && protea run knn --locked

Overwrites the lock file with every runner that `protea runners list` shows.
--locked then refuses a runner if its file has changed, or if another file on
the search path now takes precedence.")]
pub struct PinArgs {
    #[command(flatten)]
    pub runners: RunnerArgs,
    /// Lock file to write
    #[arg(long, value_name = "FILE", default_value = LOCK_FILE)]
    pub lock_file: PathBuf,
}

/// Arguments of `protea runners new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runners new my-method
  cd my-method && cargo test
  protea runners install target/debug/libmy_method_runner.so
  protea run my-method

  protea runners new my-method --sdk ../protea
  protea runners new my-method --git https://example.org/protea.git --rev v1.2.0

The library that `cargo test` builds is the one to install; `cargo build
--release` compiles every dependency a second time, for large datasets. The
crate never depends on a package of a registry by name.")]
pub struct NewArgs {
    /// Name of the runner: lower-case letters, digits, '-' and '_'
    pub name: String,
    /// Directory to create [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// What the method does, in one line: `protea runners list` shows it
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Directory of protea's repository or of an unpacked SDK, on which the crate depends [default: the
    /// repository that the executable is in or was built in]
    #[arg(long, value_name = "DIR", help_heading = "Dependencies")]
    pub sdk: Option<PathBuf>,
    /// Git repository of protea, on which the crate depends instead
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "sdk",
        help_heading = "Dependencies"
    )]
    pub git: Option<String>,
    /// Commit, tag or branch of the git repository
    #[arg(
        long,
        value_name = "REV",
        requires = "git",
        help_heading = "Dependencies"
    )]
    pub rev: Option<String>,
    /// Directory `contracts` of the repository; earlier releases had this option instead of `--sdk`
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sdk", "git"], hide = true)]
    pub contracts: Option<PathBuf>,
}

/// Arguments of `protea runners install`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runners install target/debug/libmy_method_runner.so

Runs the conformance suite first, which takes some seconds, and refuses a runner
that breaks the contract. `protea runners check` shows the details.")]
pub struct InstallArgs {
    /// File of the runner
    pub file: PathBuf,
    /// Skip the conformance suite and do not load the runner
    #[arg(long)]
    pub no_check: bool,
    #[cfg(unix)]
    #[command(flatten)]
    pub config: super::check::ConfigArgs,
}

/// Arguments of `protea runners info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The runner.
    #[command(flatten)]
    pub named: NamedArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// A runner by its name.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// Name of the runner
    pub name: String,
    #[command(flatten)]
    pub runners: RunnerArgs,
}
