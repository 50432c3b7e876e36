//! `protea completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::{
    args::{Cli, ShellArg},
    output::Report,
};

/// The completion script of a shell.
pub fn completions(shell: ShellArg) -> Report {
    let (name, shell) = match shell {
        ShellArg::Bash => ("bash", Shell::Bash),
        ShellArg::Zsh => ("zsh", Shell::Zsh),
        ShellArg::Fish => ("fish", Shell::Fish),
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "protea", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report {
        json: json!({ "shell": name, "script": script }),
        text: script,
    }
}
