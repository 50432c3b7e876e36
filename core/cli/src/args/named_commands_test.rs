//! Every command that a message, a comment or a page of the documentation names exists, with its
//! options; and help fits its width.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory};

use super::Cli;

/// Directories of the repository whose texts people read.
const PLACES: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs",
    "contracts",
    "core",
    "runners",
    "examples",
];

/// Files that name commands that do not exist.
const INVENTED: [&str; 2] = ["named_commands_test.rs", "tips"];

fn texts(path: &Path, into: &mut Vec<PathBuf>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if INVENTED.contains(&&*name) || name.starts_with('.') || name == "target" || name == "tests" {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            texts(&entry.unwrap().path(), into);
        }
    } else if path
        .extension()
        .is_some_and(|ending| ending == "rs" || ending == "md")
    {
        into.push(path.to_owned());
    }
}

/// The commands in backquotes and the typed lines of shell blocks.
fn commands(file: &Path, text: &str) -> Vec<String> {
    let is_code = file.extension().is_some_and(|ending| ending == "rs");
    // A literal of several lines: a backslash continues it.
    let mut joined = String::new();
    let (mut typed, mut is_in_block) = (Vec::new(), false);
    for line in text.lines() {
        is_in_block ^= line.starts_with("```");
        // Typed in a block of a page, or an example in the help of a command.
        let is_typed = is_in_block || is_code && line.starts_with("  protea ");
        typed.extend(is_typed.then(|| line.trim().trim_start_matches("$ ")));
        let line = line
            .trim_start()
            .trim_start_matches("///")
            .trim_start_matches("//!");
        match line.strip_suffix('\\') {
            Some(start) => joined.push_str(start),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    let quoted = joined.split('`').skip(1).step_by(2);
    quoted
        .chain(typed)
        .filter_map(|part| part.strip_prefix("protea "))
        .map(str::to_owned)
        .collect()
}

/// What is wrong with a command line, if its words name something that does not exist.
fn fault(line: &str, protea: &Command) -> Option<String> {
    let mut command = protea;
    let mut words = line.split_whitespace().peekable();
    while command.has_subcommands() {
        let word = words.next()?;
        let is_name = word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if word.starts_with('-') || !is_name {
            break;
        }
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => return Some(format!("{word} is not a command of {}", command.get_name())),
        }
    }
    let known = |option: &str| {
        let arguments = command.get_arguments().chain(protea.get_arguments());
        let mut names = arguments.filter_map(|argument| argument.get_long_and_visible_aliases());
        option == "help" || option == "version" || names.any(|names| names.contains(&option))
    };
    for word in words {
        // What follows belongs to another program.
        if ["|", "&&", ";", "#", "--"].contains(&word) || word.ends_with(';') {
            break;
        }
        let Some(option) = word.strip_prefix("--") else {
            continue;
        };
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let name = option.split(|c| !is_of_name(c)).next().unwrap_or_default();
        if !name.is_empty() && !known(name) {
            return Some(format!(
                "--{name} is not an option of {}",
                command.get_name()
            ));
        }
    }
    None
}

#[test]
fn every_named_command_and_option_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut protea = Cli::command();
    protea.build();
    let mut files = Vec::new();
    for place in PLACES {
        texts(&root.join(place), &mut files);
    }
    let (mut seen, mut faults) = (0, Vec::new());
    for file in files {
        for line in commands(&file, &fs::read_to_string(&file).unwrap()) {
            seen += 1;
            if let Some(fault) = fault(&line, &protea) {
                faults.push(format!("{}: `protea {line}`: {fault}", file.display()));
            }
        }
    }
    assert!(seen > 300, "only {seen} commands were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Lines of the texts below the options that are wider than the help. clap would break them, and
/// leave a word or two on a line of their own.
fn wide_lines(command: &Command, into: &mut Vec<String>) {
    let texts = [command.get_after_help(), command.get_after_long_help()];
    for text in texts.into_iter().flatten() {
        let text = text.to_string();
        let wide = text.lines().filter(|line| line.chars().count() > 80);
        into.extend(wide.map(|line| format!("{}: {line}", command.get_name())));
    }
    for command in command.get_subcommands() {
        wide_lines(command, into);
    }
}

#[test]
fn texts_below_the_options_fit_the_width_of_the_help() {
    let mut protea = Cli::command();
    protea.build();
    let mut wide = Vec::new();
    wide_lines(&protea, &mut wide);
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let mut protea = Cli::command();
    protea.build();
    for (line, is_fault) in [
        ("dataset freeze data --name x", false),
        ("freeze --source x", true),
        ("dataset freeze --sauce x", true),
        ("runs log ID", false),
        ("runners install FILE | grep --colour x", false),
    ] {
        assert_eq!(fault(line, &protea).is_some(), is_fault, "{line}");
    }
}
