//! `protea doctor`.

use clap::Args;

use super::{RunnerArgs, WorkspaceArgs};

/// Arguments of `protea doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea doctor
  protea doctor --json | jq '.broken'

A missing program is not an error: the last column says what needs it and how
to get it. The exit code is 1 only if something that you configured does not
work, such as a server that does not answer.")]
pub struct DoctorArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(flatten)]
    pub runners: RunnerArgs,
}
