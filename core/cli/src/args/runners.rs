//! `protea runners`.

use clap::{Args, Subcommand};

use super::{IsolationArgs, RunnerArgs};

/// The commands on runners.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Runners are looked for in --runner-dir, PROTEA_RUNNER_PATH, the directory of the executable,
~/.local/share/protea/runners, /usr/local/lib/protea/runners and /usr/lib/protea/runners. The first
that has a name wins. Files are judged without running any of their code.")]
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
}

/// Arguments of `protea runners info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The runner.
    #[command(flatten)]
    pub named: NamedArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

/// A runner by its name.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// Name of the runner
    pub name: String,
    #[command(flatten)]
    pub runners: RunnerArgs,
}
