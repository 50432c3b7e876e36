//! `protea runners`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protea_core::catalog::LOCK_FILE;

use super::{IsolationArgs, LockArgs, RunnerArgs};

/// The commands on runners.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Runners are looked for in --runner-dir, PROTEA_RUNNER_PATH, the directory of the executable,
~/.local/share/protea/runners, /usr/local/lib/protea/runners and /usr/lib/protea/runners. The first
that has a name wins. Files are judged without running any of their code.

On Unix a runner is refused when its file or directory belongs to another user than you and root, or
can be written by its group or by everyone; --allow-insecure-dir overrides that.")]
pub enum RunnersCommand {
    /// List the runners that can be used; what cannot be used is named on standard error
    List {
        #[command(flatten)]
        runners: RunnerArgs,
    },
    /// Show what a runner does, its settings and its metrics
    Info(InfoArgs),
    /// Show where a runner comes from: every file looked at, and why it was taken or passed over
    Where(NamedArgs),
    /// Pin the runners on the search path by the SHA-256 of their files, for --locked
    Lock(PinArgs),
    /// Write a crate with a whole runner in it, to begin one's own with
    New(NewArgs),
    /// Check a runner's file and copy it into the user's directory of runners
    Install(InstallArgs),
    /// Test whether runners keep the contract, without risk to anything
    #[cfg(unix)]
    Check(super::CheckArgs),
    /// Try a runner with random specs and broken models
    #[cfg(unix)]
    Fuzz(super::FuzzArgs),
}

/// Arguments of `protea runners lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runners lock && protea run knn --locked

The lock file is written anew, with every runner that `protea runners list` shows. A file that is
changed, or a runner that is put before another on the search path, is then refused by --locked.")]
pub struct PinArgs {
    #[command(flatten)]
    pub runners: RunnerArgs,
    /// The lock file to write
    #[arg(long, value_name = "FILE", default_value = LOCK_FILE)]
    pub lock_file: PathBuf,
}

/// Arguments of `protea runners new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runners new my-method
  cd my-method && cargo test && cargo build --release
  protea runners install target/release/libmy_method_runner.so
  protea run my-method")]
pub struct NewArgs {
    /// Name of the runner: lower-case letters, digits, '-' and '_'
    pub name: String,
    /// The directory to make [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// The folder `contracts` of protea's repository, for a dependency by path [default: of the
    /// repository that holds the executable; where there is none, a dependency by version]
    #[arg(long, value_name = "DIR")]
    pub contracts: Option<PathBuf>,
}

/// Arguments of `protea runners install`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runners install target/release/libmy_method_runner.so

The conformance suite is run first, which takes some seconds; what breaks the contract is not installed.
`protea runners check` says more of it.")]
pub struct InstallArgs {
    /// The runner's file
    pub file: PathBuf,
    /// Install it without the conformance suite, unloaded; its file is judged all the same
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
