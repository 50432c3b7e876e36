//! `protea config`.

use clap::Subcommand;

/// Commands for the defaults of options.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every key of protea.toml, its value, and where the value is from
    #[command(after_help = "\
Examples:
  protea config show
  protea config show --json

Precedence: command line, environment, project file (protea.toml in the current
directory or above), user file (~/.config/protea/protea.toml), built-in.")]
    Show,
}
