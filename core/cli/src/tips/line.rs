//! The words of a command line, and the command that they name.

use std::ffi::OsString;

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// A command line that was refused.
pub struct Line {
    /// The command that it names, with its name and usage.
    pub command: Command,
    /// The name of the command, such as `runs list`; empty if there is none.
    pub path: String,
    /// The words behind the name.
    pub words: Vec<String>,
}

impl Line {
    pub fn new(argv: &[OsString]) -> Self {
        let mut all = Cli::command();
        all.build();
        let words = argv.iter().skip(1).filter_map(|word| word.to_str());
        let words: Vec<String> = words.map(str::to_owned).collect();
        let (mut command, mut path, mut rest) = (all, Vec::new(), 0);
        for (at, word) in words.iter().enumerate() {
            if let Some(below) = command.find_subcommand(word) {
                command = below.clone();
                path.push(command.get_name().to_owned());
                rest = at + 1;
            } else if !word.starts_with('-') {
                break;
            }
        }
        Self {
            command,
            path: path.join(" "),
            words: words[rest..].to_vec(),
        }
    }

    /// Whether the command has this option, such as `--threads`.
    pub fn has(&self, option: &str) -> bool {
        let name = option.trim_start_matches('-');
        self.command
            .get_arguments()
            .any(|argument| argument.get_long() == Some(name) && !argument.is_hide_set())
    }

    /// The place of a word.
    pub fn place_of(&self, word: &str) -> Option<usize> {
        self.words.iter().position(|given| given == word)
    }
}
