//! `protea completions` and `protea man-pages`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `protea completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea completions bash > ~/.local/share/bash-completion/completions/protea
  protea completions zsh > ~/.zfunc/_protea     with ~/.zfunc in fpath
  protea completions fish > ~/.config/fish/completions/protea.fish

If the directory does not exist, create it first with mkdir -p. Open a new shell
afterwards, and repeat the command after an update.")]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: ShellArg,
}

/// A shell that has completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellArg {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

/// Arguments of `protea man-pages`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea man-pages ~/.local/share/man/man1")]
pub struct ManPagesArgs {
    /// Directory for the pages, one for each command; created if it is missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
